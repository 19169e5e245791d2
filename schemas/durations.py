"""Durations as Compose and Kubernetes write them (Go's format): `300ms`, `1m30s`, `1h`, `1.5s`, `-2s`.

The type for models is here; what the text means is in `spans`.
"""

from typing import Annotated

from pydantic import WithJsonSchema

from fizz.schemas.spans import format_duration, parse_duration

__all__ = ["Duration", "format_duration", "parse_duration"]

Duration = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "pattern": r"^([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$"}
    ),
]
"""A duration in its written form; `parse_duration` gives its length."""
