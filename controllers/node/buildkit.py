"""What BuildKit says while it builds: the engine passes it on as protobuf in base64. Pure.

    {"id": "moby.buildkit.trace", "aux": "Cm8KR3NoYTI1..."}     a StatusResponse
    {"id": "moby.image.id", "aux": {"ID": "sha256:690b..."}}
    {"error": "failed to solve ..."}

A StatusResponse has vertexes (steps, by digest, with the times when they started and completed), statuses (parts of a
step, as a layer that is downloaded), logs and warnings. Only the fields that are read here are declared; protobuf skips
the others.

Source: `api/services/control/control.proto` of moby/buildkit.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from fizz.schemas.base import JSON
from fizz.schemas.images import Progress, StepState

__all__ = ["BuildkitSteps"]

_TRACE: Final = "moby.buildkit.trace"
_FIELDS: Final = {
    "Time": ("1 int64 seconds", "2 int32 nanos"),
    "Vertex": (
        "1 string digest", "3 string name", "4 bool cached", "5 Time started", "6 Time completed", "7 string error",
    ),
    "VertexStatus": (
        "1 string id", "2 string vertex", "3 string name", "4 int64 current", "5 int64 total", "8 Time completed",
    ),
    "VertexLog": ("1 string vertex", "3 int64 stream", "4 bytes msg"),
    "VertexWarning": ("1 string vertex", "3 bytes short"),
    "StatusResponse": (
        "1 *Vertex vertexes", "2 *VertexStatus statuses", "3 *VertexLog logs", "4 *VertexWarning warnings",
    ),
}  # fmt: skip
"""Messages: number, type (with * a list) and name of each field."""


def _status_response() -> Any:
    """The class of StatusResponse."""
    field = descriptor_pb2.FieldDescriptorProto
    package = "fizz.buildkit"
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, kind, title in (written.split() for written in fields):
            plain = kind.removeprefix("*")
            label = field.LABEL_REPEATED if kind != plain else field.LABEL_OPTIONAL
            added = message.field.add(name=title, number=int(number), label=label)
            if plain in _FIELDS:
                added.type, added.type_name = field.TYPE_MESSAGE, f".{package}.{plain}"
            else:
                added.type = getattr(field, f"TYPE_{plain.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.StatusResponse"))


_StatusResponse: Final = _status_response()


class BuildkitSteps:
    """From the engine's lines to progress. `image` is what came of it, `error` what ended it; empty until then."""

    def __init__(self) -> None:
        self.image = ""
        self.error = ""
        self._seen: dict[str, StepState] = {}

    def take(self, line: JSON) -> Iterator[Progress]:
        """What a line tells that is new."""
        aux = line.get("aux")
        if message := line.get("error"):
            self.error = str(message)
        elif isinstance(aux, dict):
            self.image = str(aux.get("ID") or self.image)
        elif line.get("id") == _TRACE and isinstance(aux, str):
            try:
                response = _StatusResponse.FromString(base64.b64decode(aux))
            except (DecodeError, binascii.Error):
                return  # a later version's, which says nothing that could be read
            yield from self._told(response)

    def finish(self) -> Iterator[Progress]:
        """Nothing is left to be told at the end."""
        return iter(())

    def _told(self, response: Any) -> Iterator[Progress]:
        for vertex in response.vertexes:
            state = _state(vertex)
            if self._seen.get(vertex.digest) != state:
                self._seen[vertex.digest] = state
                failure = {"detail": vertex.error} if vertex.error else {}
                yield Progress(id=vertex.digest, name=vertex.name, state=state, **failure)
        for part in response.statuses:
            done = part.HasField("completed")
            counted = {"done": part.current, "total": part.total} if part.total else {}
            yield Progress(
                id=f"{part.vertex}/{part.id}", name=part.name or part.id, state="done" if done else "running", **counted
            )
        for log in response.logs:
            yield Progress(id=log.vertex, text=log.msg.decode(errors="replace"))
        for warning in response.warnings:
            yield Progress(id=warning.vertex, warning=warning.short.decode(errors="replace"))


def _state(vertex: Any) -> StepState:
    if vertex.error:
        return "failed"
    if vertex.cached:
        return "cached"
    if vertex.HasField("completed"):
        return "done"
    return "running" if vertex.HasField("started") else "waiting"
