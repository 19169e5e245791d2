"""Semantic versions, as rules compare them.

Source: semver.org 2.0.0; "Kubernetes semver library" of the Kubernetes documentation, for what is read loosely.
"""

import re
from typing import Any, Final

__all__ = ["normal", "parse"]

_SEMVER: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_LOOSE_SEMVER: Final = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?((?:[-+].*)?)")


def parse(text: str) -> tuple[int, int, int, tuple[Any, ...]]:
    """A version as what sorts as versions do. Raises `ValueError`."""
    match = _SEMVER.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no semantic version")
    major, minor, patch, before = match.groups()
    marks: list[tuple[Any, ...]] = [(1,)]  # a release is above all that comes before it
    if before is not None:
        marks = [(0,), *((0, int(part), "") if part.isdigit() else (1, 0, part) for part in before.split("."))]
    return int(major), int(minor), int(patch), tuple(marks)


def normal(text: str, normalize: bool) -> str:
    """A version as semver has it; `normalize` reads `v1.2` as 1.2.0. Raises `ValueError`."""
    if normalize:
        match = _LOOSE_SEMVER.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no semantic version")
        text = ".".join(str(int(part or 0)) for part in match.groups()[:3]) + match[4]
    parse(text)
    return text
