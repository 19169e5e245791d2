"""Secrets and ConfigMaps: the content of secrets and configs, under one key that is called like the thing itself."""

import base64
from typing import Any, Final

from fizz.client.compose.filesystem import Filesystem
from fizz.client.compose.paths import shown
from fizz.client.compose.problems import Problems, TranslateError
from fizz.client.compose.project import Project
from fizz.client.compose.translate.meta import Scope
from fizz.schemas.core import ConfigMap, Secret

__all__ = ["content_key", "object_name", "translate_contents"]

JSON = dict[str, Any]

_LIMIT: Final = 1024 * 1024
"""Bytes that a Secret or ConfigMap holds; the API server's limit, and Kubernetes'."""


def object_name(key: str, resource: JSON) -> str:
    """What the Secret or ConfigMap is called before `to_name`: an external one by its own name, others by their key."""
    return str(resource["name"]) if resource.get("external") else key


def content_key(key: str, resource: JSON) -> str:
    """The key that the content is under."""
    return object_name(key, resource)


def translate_contents(scope: Scope, project: Project) -> list[ConfigMap | Secret]:
    """A ConfigMap for each config and a Secret for each secret that is not external. Raises `TranslateError`."""
    reader = _Reader(project)
    configs = [
        ConfigMap(metadata=scope.meta(key), **_config_data(key, content))
        for key, content in reader.contents("configs").items()
    ]
    secrets = [
        Secret(metadata=scope.meta(key), type="Opaque", data={key: base64.b64encode(content).decode()})
        for key, content in reader.contents("secrets").items()
    ]
    if reader.problems.errors:
        raise TranslateError(reader.problems.all())
    return [*configs, *secrets]


def _config_data(key: str, content: bytes) -> JSON:
    try:
        return {"data": {key: content.decode()}}
    except UnicodeDecodeError:
        return {"binary_data": {key: base64.b64encode(content).decode()}}


class _Reader:
    """Reads contents, and collects what is missing."""

    def __init__(self, project: Project) -> None:
        self.problems = Problems()
        self._project = project
        self._filesystem: Filesystem = project.filesystem

    def contents(self, kind: str) -> dict[str, bytes]:
        """The content of each that is not external, by its key in the file."""
        found: dict[str, bytes] = {}
        for key, resource in self._project.model.get(kind, {}).items():
            if not resource.get("external"):
                content = self._content(kind, key, resource) or b""
                found[key] = content
                if len(content) > _LIMIT:
                    self._too_large(kind, key, resource, len(content))
        return found

    def _too_large(self, kind: str, key: str, resource: JSON, size: int) -> None:
        source = next((each for each in ("file", "content", "environment") if each in resource), "file")
        what = "has a content"
        if source == "file":
            what = f"names the file {shown(str(resource['file']), self._filesystem.cwd)}"
        hint = "mount a larger file as a volume"
        self.problems.error(
            self._project.place(kind, key, source),
            f"{what} of {size / _LIMIT:.1f} MiB; {kind} hold 1 MiB at most: {hint}",
            path=(kind, key),
        )

    def _content(self, kind: str, key: str, resource: JSON) -> bytes | None:
        if (text := resource.get("content")) is not None:
            return str(text).encode()
        if (variable := resource.get("environment")) is not None:
            value = self._project.environment.get(variable)
            if value is None:
                place = self._project.place(kind, key, "environment")
                self.problems.error(place, f"needs the variable {variable}, which is not set", path=(kind, key))
                return None
            return value.encode()
        path = str(resource.get("file", ""))
        try:
            return self._filesystem.read(path)
        except OSError as error:
            place = self._project.place(kind, key, "file")
            name = shown(path, self._filesystem.cwd)
            self.problems.error(place, f"names the file {name}: {error.strerror or error}", path=(kind, key))
            return None
