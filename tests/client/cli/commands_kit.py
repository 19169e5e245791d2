"""What tests of commands share."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from click.testing import Result

__all__ = ["Fizz", "write"]

Fizz = Callable[..., Awaitable[Result]]


def write(name: str, text: str) -> None:
    """A file in the folder that commands are run in."""
    Path(name).write_text(text)
