"""Types of fields that models share: times, durations and quantities in their written forms, with their schemas."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, PlainSerializer, WithJsonSchema

from fizz.schemas.times import format_micro, format_seconds

__all__ = ["Duration", "MicroTime", "Quantity", "Time"]

Duration = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "pattern": r"^([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w))+$|^0$"}
    ),
]
"""A duration in its written form; `durations.parse_duration` gives its length."""

Quantity = Annotated[
    str | int | float,
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "format": "quantity",  # lets the server take 0.5 as well as "0.5"
            "pattern": r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$",
        }
    ),
]
"""A quantity in its written form; `quantity.parse_quantity` gives its value."""


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_MOMENT: Final = WithJsonSchema({"type": "string", "format": "date-time"})

Time = Annotated[datetime, AfterValidator(_utc), PlainSerializer(format_seconds, return_type=str), _MOMENT]
MicroTime = Annotated[datetime, AfterValidator(_utc), PlainSerializer(format_micro, return_type=str), _MOMENT]
