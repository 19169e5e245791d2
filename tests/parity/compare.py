"""Whether two answers mean the same, and if not, where they differ.

Texts, numbers and truth values must be equal and of one kind; whole numbers may be written as floats. The order of keys
means nothing, that of lists does, but for those that compose prints in random order.

What compose prints as YAML must be met exactly. As JSON, compose leaves out some things that are there, and changes a
few names: this module knows which, and `strict=True` forgives none.
"""

from collections.abc import Iterator
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Final

from tests.parity.corpus import Answer, Case

__all__ = ["Verdict", "compare"]

_ABSENT: Final = object()
# Left out though it is there: extensions anywhere but at the top, and more.
_LOST: Final = ("models", "jobs.*.name", *(f"{'*.' * depth}x-*" for depth in range(1, 9)))
_ULIMITS: Final = ("services.*.ulimits.*", "services.*.build.ulimits.*")  # zeros are left out
_UNORDERED: Final = ("services.*.build.ssh",)

Path = tuple[str, ...]


class Verdict(Enum):
    """How an answer of Fizz relates to that of compose."""

    AGREE = "agree"
    DIFFER = "differ"
    ACCEPT_WRONGLY = "accept-wrongly"
    REJECT_WRONGLY = "reject-wrongly"


def compare(case: Case, compose: Answer, fizz: Answer, *, strict: bool = False) -> tuple[Verdict, list[str]]:
    """The verdict, and what explains it, line by line."""
    match compose.accepted, fizz.accepted:
        case True, True:
            forgiving = case.form == "json" and not strict
            found = list(_walk((), compose.value, fizz.value, forgiving))
            return (Verdict.DIFFER if found else Verdict.AGREE), found
        case True, False:
            return Verdict.REJECT_WRONGLY, [f"fizz: {line}" for line in (fizz.error or "").splitlines()]
        case False, True:
            return Verdict.ACCEPT_WRONGLY, [f"compose: {line}" for line in (compose.error or "").splitlines()]
    return Verdict.AGREE, []


def _walk(path: Path, compose: Any, fizz: Any, forgiving: bool) -> Iterator[str]:
    if forgiving:
        compose = _repaired(path, compose, fizz)
    match compose, fizz:
        case dict(), dict():
            for key in sorted({*compose, *fizz}):
                yield from _walk((*path, key), compose.get(key, _ABSENT), fizz.get(key, _ABSENT), forgiving)
        case list(), list() if len(compose) == len(fizz):
            if any(_matches(path, pattern) for pattern in _UNORDERED):
                compose, fizz = sorted(compose), sorted(fizz)
            for index, (one, other) in enumerate(zip(compose, fizz, strict=True)):
                yield from _walk((*path, str(index)), one, other, forgiving)
        case _ if not _same(compose, fizz):
            yield f"{'.'.join(path)}: compose {_shown(compose)}, fizz {_shown(fizz)}"


def _repaired(path: Path, compose: Any, fizz: Any) -> Any:
    """What compose means by what it prints, as JSON, where Fizz says something."""
    if compose is _ABSENT and any(_matches(path, pattern) for pattern in _LOST):
        return fizz
    if isinstance(compose, dict) and _matches(path, "services.*.blkio_config.*.*"):
        return {key.lower(): value for key, value in compose.items()}  # `Path`, `Rate` and `Weight`
    if isinstance(compose, dict) and any(_matches(path, pattern) for pattern in _ULIMITS):
        return {"soft": 0, "hard": 0, **compose} if isinstance(fizz, dict) else compose or 0
    return compose


def _matches(path: Path, pattern: str) -> bool:
    steps = pattern.split(".")
    return len(steps) == len(path) and all(map(fnmatchcase, path, steps))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "has nothing"
    text = repr(value)
    return text if len(text) < 160 else f"{text[:157]}..."
