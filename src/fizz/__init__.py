"""Fizz: a Kubernetes-style declarative control plane for Docker hosts."""

from typing import Final

__all__ = ["__version__"]

__version__: Final = "0.1.0"
