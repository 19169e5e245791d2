"""Names for shapes that are used everywhere; nothing is imported here, so that small commands start fast."""

from typing import Any

__all__ = ["JSON"]

JSON = dict[str, Any]
"""A JSON object as Python holds it: what goes over the wire and into the store."""
