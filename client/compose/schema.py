"""A JSON Schema of compose files with `x-fizz`, made of the tables that they are read by, so that editors can help.

Draft 2020-12. It says what may be written, value by value; what follows from several values (names that are not
defined, things that exclude one another, keys that another file may add) only loading tells. Values may hold variables,
so where a number is wanted a text with a `$` is one, too. Parts that are used several times stand under `$defs`.
"""

import json
from typing import Any, Final

from fizz.client.compose.shapes.base import JSON
from fizz.client.compose.spec import PROJECT

__all__ = ["compose_schema"]

_LONG: Final = 300  # characters from which on a part that is used twice gets a name
_KEYED: Final = ("properties", "patternProperties")


def compose_schema() -> JSON:
    """The schema, as plain data."""
    whole = PROJECT.schema()
    sharing = _Sharing(whole)
    shared = sharing.replace(whole, "project")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Compose file",
        "description": "A compose file as Fizz takes it.",
        **shared,
        "$defs": dict(sorted(sharing.definitions.items())),
    }


class _Sharing:
    """Puts references in place of what is long and used several times."""

    def __init__(self, whole: JSON) -> None:
        self.definitions: JSON = {}
        self._names: dict[str, str] = {}
        self._uses: dict[str, int] = {}
        self._count(whole)

    def replace(self, value: Any, name: str) -> Any:
        """The value with references. `name` is the key of the compose file that it is about."""
        if isinstance(value, list):
            return [self.replace(child, name) for child in value]
        if not isinstance(value, dict):
            return value
        text = json.dumps(value)
        if text not in self._names:
            result = {
                key: {inner: self.replace(child, inner) for inner, child in part.items()}
                if key in _KEYED
                else self.replace(part, name)
                for key, part in value.items()
            }
            if self._uses[text] < 2 or len(text) < _LONG:
                return result
            self._names[text] = self._free(name)
            self.definitions[self._names[text]] = result
        return {"$ref": f"#/$defs/{self._names[text]}"}

    def _count(self, value: Any) -> None:
        if isinstance(value, list):
            for child in value:
                self._count(child)
        elif isinstance(value, dict):
            text = json.dumps(value)
            self._uses[text] = self._uses.get(text, 0) + 1
            for key, part in value.items():
                for child in part.values() if key in _KEYED else (part,):
                    self._count(child)

    def _free(self, name: str) -> str:
        candidates = (name, *(f"{name}-{number}" for number in range(2, len(self.definitions) + 3)))
        return next(candidate for candidate in candidates if candidate not in self.definitions)
