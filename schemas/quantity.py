"""Quantities as Kubernetes writes them: `500m`, `0.5`, `64Mi`, `1G`, `1e3`, or a bare number.

Source: the "Quantity" section of the Kubernetes API reference. Suffixes: n u m (thousandths), k M G T P E (powers
of 1000), Ki Mi Gi Ti Pi Ei (powers of 1024), or a decimal exponent.
"""

import re
from decimal import Decimal
from typing import Final

__all__ = ["format_binary", "parse_quantity"]

_SUFFIXES: Final = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9),
    "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30),
    "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
_FORM: Final = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([eE][+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?))")


def parse_quantity(written: str | int | float) -> Decimal:
    """The exact value. Raises `ValueError` naming the text.

    >>> parse_quantity("64Mi")
    Decimal('67108864')
    """
    match = _FORM.fullmatch(str(written))
    if not match:
        raise ValueError(f"{written!r} is not a quantity; write it like 0.5, 500m, 64Mi or 1G")
    number, exponent, suffix = match.groups()
    if exponent:
        return Decimal(number + exponent)
    return Decimal(number) * _SUFFIXES[suffix or ""]


def format_binary(size: int) -> str:
    """A number of bytes with the largest binary suffix that keeps it whole: 67108864 is `64Mi`."""
    for suffix in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        unit = int(_SUFFIXES[suffix])
        if size and size % unit == 0:
            return f"{size // unit}{suffix}"
    return str(size)
