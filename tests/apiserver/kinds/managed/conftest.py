"""A kind whose schema has one field of every sort, and an object of it that managers write to."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from fizz.apiserver.kinds import managed
from fizz.apiserver.kinds.managed import fieldset
from fizz.schemas.base import JSON

_TEXT: Final[JSON] = {"type": "string"}
_PORT: Final[JSON] = {
    "type": "object",
    "properties": {
        "port": {"type": "integer"},
        "protocol": {"type": "string", "default": "TCP"},
        "name": _TEXT,
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": _TEXT},
    },
}

GADGET: Final[JSON] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "replicas": {"type": "integer"},
                "note": {"type": "string", "nullable": True},
                "size": {"x-kubernetes-int-or-string": True},
                "settings": {"type": "object", "additionalProperties": _TEXT},
                "selector": {"type": "object", "additionalProperties": _TEXT, "x-kubernetes-map-type": "atomic"},
                "args": {"type": "array", "items": _TEXT},
                "tags": {"type": "array", "items": _TEXT, "x-kubernetes-list-type": "set"},
                "ports": {
                    "type": "array",
                    "items": _PORT,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["port", "protocol"],
                },
                "env": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"name": _TEXT, "value": _TEXT}},
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                },
                "check": {
                    "type": "object",
                    "properties": {
                        "path": _TEXT,
                        "interval": _TEXT,
                        "http": {"type": "object", "properties": {"a": _TEXT}},
                    },
                },
                "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "any": {"x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
    },
}


class Gadget:
    """An object that starts absent, and the clock of its writers, which goes on by a second with each write."""

    def __init__(self, schema: JSON = GADGET, *, status: bool = True) -> None:
        self.schema = managed.TypedSchema(schema, status=status)
        self.live: JSON | None = None
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def apply(
        self,
        manager: str,
        spec: JSON | None = None,
        *,
        force: bool = False,
        metadata: JSON | None = None,
        status: JSON | None = None,
        version: str = "fizz.dev/v1",
        subresource: str = "",
    ) -> JSON:
        """Server-side apply of an object with these parts."""
        self.live = managed.apply(
            self.live,
            _body(spec, metadata, status),
            manager=manager,
            schema=self.schema,
            api_version=version,
            now=self._tick(),
            force=force,
            subresource=subresource,
        )
        return self.live

    def update(
        self,
        manager: str,
        spec: JSON | None = None,
        *,
        metadata: JSON | None = None,
        status: JSON | None = None,
        version: str = "fizz.dev/v1",
        subresource: str = "",
    ) -> JSON:
        """A create or a replace with an object of these parts."""
        self.live = managed.track_update(
            self.live,
            _body(spec, metadata, status),
            manager=manager,
            schema=self.schema,
            api_version=version,
            now=self._tick(),
            subresource=subresource,
        )
        return self.live

    @property
    def spec(self) -> Any:
        return (self.live or {}).get("spec")

    @property
    def entries(self) -> list[JSON]:
        entries: list[JSON] = (self.live or {})["metadata"].get("managedFields", [])
        return entries

    def owned(self, manager: str, operation: str | None = None) -> set[str]:
        """The paths that a manager owns, as people read them."""
        return {
            fieldset.display(path)
            for entry in self.entries
            if entry["manager"] == manager and operation in (None, entry["operation"])
            for path in fieldset.paths(entry["fieldsV1"])
        }

    @property
    def managers(self) -> list[tuple[str, str]]:
        return [(entry["manager"], entry["operation"]) for entry in self.entries]

    def _tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def _body(spec: JSON | None, metadata: JSON | None, status: JSON | None) -> JSON:
    body: JSON = {
        "apiVersion": "fizz.dev/v1",
        "kind": "Gadget",
        "metadata": {"name": "web", "namespace": "blog", **(metadata or {})},
    }
    parts = {"spec": spec, "status": status}
    return body | {name: part for name, part in parts.items() if part is not None}


@pytest.fixture
def gadget() -> Gadget:
    """An object of a kind with a status subresource."""
    return Gadget()


@pytest.fixture
def loose() -> Gadget:
    """An object of a kind whose schema says nothing."""
    return Gadget({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, status=False)
