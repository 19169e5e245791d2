"""What a plain YAML scalar means to compose: the rules of its YAML library, which is 1.2 with memories of 1.1.

`yes`, `no`, `on` and `off` are strings (a field that wants a boolean reads them itself). `010` is eight, `0o10` too,
`1_000` is a thousand. Dates are dates, which no field wants. Text for numbers is Go's: 1e6 is `1e+06`.

    >>> resolve("010"), resolve("1_000"), resolve("yes"), resolve("~")
    (8, 1000, 'yes', None)
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from fizz.client.compose.nodes import Moment, Scalar

__all__ = ["resolve", "resolve_as", "to_text"]

_CONSTANTS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    "-0": -0.0,
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMERIC_START: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_MOMENT: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?)?"
)


def resolve(text: str) -> Scalar:
    """The value of a plain scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if text[4:5] == "-" and (moment := _moment(text)) is not None:
        return moment
    number = _number(text.replace("_", "") if "_" in text else text)
    return text if number is None else number


def resolve_as(tag: str, text: str) -> Scalar:
    """The value of a scalar under one of YAML's own tags. Raises `ValueError` if it is none of that kind."""
    value = resolve(text)
    match tag, value:
        case "str", _:
            return text
        case ("null", None) | ("bool", bool()) | ("timestamp", Moment()):
            return value
        case "int", int() if not isinstance(value, bool):
            return value
        case "float", int() | float() if not isinstance(value, bool):
            return float(value)
    raise ValueError(f"{text!r} is not of type {tag}")


def to_text(value: str | int | float | bool | Moment) -> str:
    """A scalar where a string is wanted and other types are let in, as in `environment: {DEBUG: true}`."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _float_text(value)
        case Moment(text=text):
            return text
    return str(value)


def _number(text: str) -> int | float | None:
    match = _INTEGER.fullmatch(text)
    if match:
        sign, hexadecimal, binary, octal, decimal = match.groups()
        if hexadecimal:
            number = int(hexadecimal, 16)
        elif binary:
            number = int(binary, 2)
        elif octal:
            number = int(octal, 8)
        else:
            number = int(decimal) if len(decimal) < 30 else 1 << 64
        if sign != "-" and number < 1 << 64:
            return number
        if sign == "-" and number <= 1 << 63:
            return -number
    if not _FLOAT.fullmatch(text):
        return None
    value = float(text)
    return None if value in {float("inf"), float("-inf")} else value


def _float_text(value: float) -> str:
    """As Go's `%v` prints it: the fewest digits that tell the value, with an exponent below 1e-04 and from 1e+06 on."""
    if value != value or value in {float("inf"), float("-inf")}:
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return f"{sign}0"
    power = int(exponent or 0) + len(whole) - 1 - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if -5 < power < 6:
        return sign + _positional(digits, power)
    tail = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{tail}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _positional(digits: str, power: int) -> str:
    if power < 0:
        return "0." + "0" * (-power - 1) + digits
    if len(digits) <= power + 1:
        return digits + "0" * (power + 1 - len(digits))
    return f"{digits[: power + 1]}.{digits[power + 1 :]}"


def _moment(text: str) -> Moment | None:
    match = _MOMENT.fullmatch(text)
    if not match:
        return None
    year, month, day, separator, hour, minute, second, fraction, zone = match.groups()
    if (separator in {"T", "t"} and zone is None) or (separator == " " and zone is not None):
        return None
    offset = UTC
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            return None
        offset = timezone((-1 if zone[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    digits = (fraction or "")[:9].rstrip("0")
    tail = f".{digits}" if digits else ""
    numeric = "+0000" if offset is UTC else zone.replace(":", "")
    name = "UTC" if offset is UTC else numeric
    standard = "Z" if offset is UTC else zone
    return Moment(f"{moment:%Y-%m-%d %H:%M:%S}{tail} {numeric} {name}", f"{moment:%Y-%m-%dT%H:%M:%S}{tail}{standard}")
