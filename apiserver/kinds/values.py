"""JSON values: how messages show them, when two are equal, and copies that share nothing.

Messages show values as Kubernetes does, which is as Go prints them: text quoted, numbers bare, the rest as JSON.
"""

import math
from decimal import Decimal
from typing import Any, Final

import orjson

__all__ = ["TYPES", "clone", "equal", "fingerprint", "show"]

TYPES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
"""What OpenAPI calls the JSON values that Python holds in these classes."""

_CONTAINERS: Final = frozenset({dict, list})
_SHOWN: Final = 1000


def show(value: Any) -> str:
    """The value as an error message shows it; what is longer than 1,000 characters is cut.

    >>> show("web"), show(3), show({"name": "http"})
    ('"web"', '3', '{"name":"http"}')
    """
    match value:
        case None:
            text = '"null"'
        case bool():
            text = "true" if value else "false"
        case int():
            text = str(value)
        case float():
            text = _float(value)
        case _:
            text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _float(value: float) -> str:
    """Go's `%v`: the shortest digits that read back as the value, with an exponent below 1e-4 and from 1e6 on.

    >>> _float(10.0), _float(0.5), _float(1234567.5)
    ('10', '0.5', '1.2345675e+06')
    """
    if not math.isfinite(value) or not value:
        return str(int(value)) if math.isfinite(value) else repr(value)
    number = Decimal(repr(value)).normalize()
    if -4 <= number.adjusted() < 6:
        return f"{number:f}"
    exponent = number.adjusted()
    return f"{number.scaleb(-exponent):f}e{exponent:+03d}"


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON. Unlike `==`, true is not 1."""
    return one is other or (one == other and fingerprint(one) == fingerprint(other))


def fingerprint(value: Any) -> bytes:
    """The same bytes for the same JSON, whatever the order of keys; usable as a key of a dict or set."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def clone(value: Any) -> Any:
    """A copy that shares no object or list with the value."""
    if value.__class__ is dict:
        fields = value.copy()  # in one go, and then what is no plain value once more: faster than field by field
        for name, each in value.items():
            if each.__class__ in _CONTAINERS:
                fields[name] = clone(each)
        return fields
    if value.__class__ is list:
        return [clone(each) if each.__class__ in _CONTAINERS else each for each in value]
    return value
