"""What is wrong with one field, in Kubernetes' words: a reason for programs, a message for people, the field's path.

A path is built only when something is wrong. Until then it is a chain of (parent, key) pairs that costs one tuple per
level; None is the object itself.

    >>> render(((None, "spec"), "ports"), 0)
    'spec.ports[0]'

Source: the ErrorType constants and messages of `field.Error` in the Kubernetes API machinery; "API Conventions",
section on `StatusReasonInvalid` and its causes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from fizz.apiserver import errors
from fizz.apiserver.kinds.values import show
from fizz.schemas.base import JSON

__all__ = [
    "IMMUTABLE",
    "Cause",
    "Key",
    "Path",
    "Reason",
    "duplicate",
    "forbidden",
    "invalid",
    "not_supported",
    "render",
    "required",
    "too_long",
    "too_many",
    "type_invalid",
]

Key = str | int
Path: TypeAlias = "tuple[Path, Key] | None"

IMMUTABLE = "field is immutable"


class Reason(StrEnum):
    """What kind of wrong it is."""

    REQUIRED = "FieldValueRequired"
    DUPLICATE = "FieldValueDuplicate"
    INVALID = "FieldValueInvalid"
    TYPE_INVALID = "FieldValueTypeInvalid"
    NOT_SUPPORTED = "FieldValueNotSupported"
    FORBIDDEN = "FieldValueForbidden"
    TOO_LONG = "FieldValueTooLong"
    TOO_MANY = "FieldValueTooMany"


@dataclass(frozen=True, slots=True)
class Cause:
    """One breach of a rule: an entry of `details.causes` of a Status."""

    reason: Reason
    message: str
    field: str

    def dump(self) -> JSON:
        """The wire form."""
        return errors.cause(self.reason.value, self.message, self.field)

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def render(parent: Path, *keys: Key) -> str:
    """The written form of a path and further keys behind it: names with dots, indexes in brackets."""
    parts: list[Key] = list(reversed(keys))
    while parent is not None:
        parent, key = parent
        parts.append(key)
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in reversed(parts)).removeprefix(".")


def _of(reason: Reason, field: str, *said: str) -> Cause:
    return Cause(reason, ": ".join(part for part in said if part), field)


def required(field: str, detail: str = "") -> Cause:
    """Nothing is there, and something must be."""
    return _of(Reason.REQUIRED, field, "Required value", detail)


def duplicate(field: str, value: Any) -> Cause:
    """The value must be unique and is not."""
    return _of(Reason.DUPLICATE, field, "Duplicate value", show(value))


def invalid(field: str, value: Any, detail: str) -> Cause:
    """The value breaks a rule."""
    return _of(Reason.INVALID, field, "Invalid value", show(value), detail)


def type_invalid(field: str, value: Any, detail: str) -> Cause:
    """The value is not of the field's type or format."""
    return _of(Reason.TYPE_INVALID, field, "Invalid value", show(value), detail)


def not_supported(field: str, value: Any, supported: Iterable[Any]) -> Cause:
    """The value is none of the few that are known."""
    known = ", ".join(show(each if isinstance(each, str) else show(each)) for each in supported)
    return _of(Reason.NOT_SUPPORTED, field, "Unsupported value", show(value), f"supported values: {known}")


def forbidden(field: str, detail: str) -> Cause:
    """The value may not be there now."""
    return _of(Reason.FORBIDDEN, field, "Forbidden", detail)


def too_long(field: str, limit: int) -> Cause:
    """The value is too long; it is not repeated."""
    return _of(Reason.TOO_LONG, field, "Too long", f"may not be more than {limit} {'byte' if limit == 1 else 'bytes'}")


def too_many(field: str, actual: int, limit: int) -> Cause:
    """There are too many of them."""
    detail = f"must have at most {limit} {'item' if limit == 1 else 'items'}"
    return _of(Reason.TOO_MANY, field, "Too many", str(actual), detail)
