"""JSONPath templates as kubectl knows them: `{.items[*].metadata.name}`, with text around and between the braces.

Known: paths (see `schemas.jsonpath`), `{range ...} {end}`, `{"\\n"}`. Braces may be left out around a single path.
Several results are written with spaces between them; what is not there, not at all.

Source: "JSONPath Support" of the Kubernetes documentation.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from fizz.schemas.jsonpath import JsonPathError, compile_path, literal

__all__ = ["JsonPathError", "evaluate"]

_PART: Final = re.compile(r"\{([^{}\"']*(?:\"(?:[^\"\\]|\\.)*\"[^{}\"']*|'[^']*'[^{}\"']*)*)\}")


def evaluate(template: str, data: Any) -> str:
    """The template with its paths replaced by what they find. Raises `JsonPathError`."""
    if "{" not in template:
        template = "{" + template + "}"
    parts = _split(template)
    written, rest = _render(parts, data)
    if rest:
        raise JsonPathError(f"{template!r}: {{end}} without {{range}}")
    return written


def _split(template: str) -> list[tuple[bool, str]]:
    """The template as (is in braces, text)."""
    parts: list[tuple[bool, str]] = []
    position = 0
    for match in _PART.finditer(template):
        parts.append((False, template[position : match.start()]))
        parts.append((True, match.group(1).strip()))
        position = match.end()
    tail = template[position:]
    if "{" in tail:
        raise JsonPathError(f"{template!r}: a brace is not closed")
    return [*parts, (False, tail)]


def _render(parts: Sequence[tuple[bool, str]], data: Any) -> tuple[str, Sequence[tuple[bool, str]]]:
    """What the parts write, up to an `{end}`; and the parts from there on."""
    written: list[str] = []
    while parts:
        (is_path, text), parts = parts[0], parts[1:]
        if not is_path:
            written.append(text)
        elif text == "end":
            return "".join(written), [(True, "end"), *parts]
        elif text.startswith("range"):
            rest: Sequence[tuple[bool, str]] = ()
            for item in [*compile_path(text.removeprefix("range").strip())(data), None]:
                piece, rest = _render(parts, item)
                if not rest:
                    raise JsonPathError(f"{{{text}}} has no {{end}}")
                written.append(piece if item is not None else "")
            parts = rest[1:]
        elif text[:1] in {'"', "'"}:
            written.append(literal(text))
        else:
            written.append(" ".join(_text(item) for item in compile_path(text)(data)))
    return "".join(written), ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
