"""Checks of the JSON paths that a definition says: of columns, of scale, of selectable fields."""

import re
from typing import Final

from fizz.schemas.jsonpath import JsonPathError, compile_path

__all__ = ["problem"]

_SIMPLE: Final = re.compile(r"(\.[A-Za-z_][\w-]*)+")


def problem(path: str, *, simple: bool = False) -> str | None:
    """What is wrong with a path, or None. A simple one has fields only, as `.spec.size`."""
    if not path.startswith("."):
        return "must be a simple json path starting with ."
    if simple:
        return None if _SIMPLE.fullmatch(path) else "must be a dot notation JSON path; array notation is not supported"
    try:
        compile_path(path)
    except JsonPathError as wrong:
        return f"is an invalid JSONPath: {wrong}"
    return None
