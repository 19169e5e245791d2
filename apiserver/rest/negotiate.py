"""Formats: JSON, YAML and CBOR in and out, protobuf in; whole objects, tables or metadata; one answer or a stream.

An Accept header is a list of media types, the one with the highest `q` wins, then the first: kubectl asks for a Table,
then for plain JSON, in one header. `*/*` and no header are JSON. What cannot be given is 406, and what cannot be read
is 415.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import orjson

from fizz.apiserver import errors
from fizz.apiserver.kinds import codec
from fizz.apiserver.kinds.causes import Path, render
from fizz.schemas.base import JSON

__all__ = [
    "BODY_LIMIT",
    "EVENT_STREAM",
    "Representation",
    "aggregated_version",
    "decode",
    "duplicates",
    "encode",
    "representation",
]

Format = Literal["json", "yaml", "cbor"]
Shape = Literal["object", "table", "metadata"]

BODY_LIMIT: Final = 3 * 1024 * 1024
"""Bytes of a request's body at most, as Kubernetes."""
EVENT_STREAM: Final = "text/event-stream"

_FORMATS: Final[dict[str, Format]] = {
    "*/*": "json",
    "application/*": "json",
    "application/json": "json",
    "application/yaml": "yaml",
    "application/cbor": "cbor",
    "application/cbor-seq": "cbor",
}
_CONTENT_TYPES: Final[dict[Format, str]] = {
    "json": "application/json",
    "yaml": "application/yaml",
    "cbor": "application/cbor",
}
_SHAPES: Final[dict[str, Shape]] = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
}


_DISCOVERY_VERSIONS: Final = ("v2", "v2beta1")


@dataclass(frozen=True, slots=True)
class Representation:
    """How the caller wants the answer. `version` is that of the meta.k8s.io group for tables and metadata; `of_lists`
    says that metadata was asked for as that of a list.
    """

    format: Format = "json"
    shape: Shape = "object"
    version: str = "v1"
    events: bool = False
    of_lists: bool = False

    @property
    def content_type(self) -> str:
        return EVENT_STREAM if self.events else _CONTENT_TYPES[self.format]

    @property
    def stream_type(self) -> str:
        """The type of a stream: JSON lines, a sequence of CBOR items (RFC 8742), or server-sent events."""
        return "application/cbor-seq" if self.format == "cbor" and not self.events else self.content_type

    def check_stream(self) -> None:
        """Raises `NotAcceptable` for what no stream can be."""
        if self.format == "yaml" and not self.events:
            raise errors.NotAcceptable("a watch is application/json, application/cbor-seq or text/event-stream")

    @property
    def plain(self) -> bool:
        """Whether stored JSON can be sent as it is."""
        return self.format == "json" and self.shape == "object"


@lru_cache(maxsize=1024)
def representation(accept: str) -> Representation:
    """The form that is liked best of those that can be given. Raises `NotAcceptable` where there is none."""
    if not accept.strip():
        return Representation()
    for media, given in sorted(map(_clause, accept.split(",")), key=lambda clause: -_quality(clause[1])):
        if media == EVENT_STREAM:
            return Representation(events=True)
        chosen = _FORMATS.get(media)
        if chosen is None:
            continue
        wanted = given.get("as")
        if wanted is None:
            return Representation(format=chosen)
        if wanted in _SHAPES and given.get("g") == "meta.k8s.io" and given.get("v") in {"v1", "v1beta1"}:
            of_lists = wanted == "PartialObjectMetadataList"
            return Representation(format=chosen, shape=_SHAPES[wanted], version=given["v"], of_lists=of_lists)
    raise errors.NotAcceptable(
        "only the following media types are accepted: application/json, application/yaml, application/cbor, "
        f"{EVENT_STREAM} for a watch"
    )


@lru_cache(maxsize=64)
def aggregated_version(accept: str) -> str | None:
    """In which version of apidiscovery.k8s.io discovery is wanted in one document; None: in its old form."""
    for media, given in sorted(map(_clause, accept.split(",")), key=lambda clause: -_quality(clause[1])):
        if media not in {"application/json", "application/*", "*/*"}:
            continue
        if "as" not in given:
            return None
        form, version = (given["as"], given.get("g")), given.get("v")
        if form == ("APIGroupDiscoveryList", "apidiscovery.k8s.io") and version in _DISCOVERY_VERSIONS:
            return version
    return None


def included(query: Mapping[str, str], form: Representation) -> str:
    """What each row of a Table carries besides its cells. Raises `BadRequest` for what it cannot carry."""
    include = query.get("includeObject") or "Metadata"
    if form.shape == "table" and include not in {"None", "Metadata", "Object"}:
        raise errors.BadRequest(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{include}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return include


def _clause(text: str) -> tuple[str, dict[str, str]]:
    """A media type with its parameters."""
    media, *parameters = (piece.strip() for piece in text.split(";"))
    return media.lower(), dict(pair.split("=", 1) for pair in parameters if "=" in pair)


def _quality(parameters: Mapping[str, str]) -> float:
    """How much a clause is liked, from 0 to 1 (RFC 9110, section 12.4.2)."""
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 1.0


def encode(value: Any, form: Representation) -> bytes:
    """An answer in the format that was asked for."""
    match form.format:
        case "json":
            return orjson.dumps(value)
        case "yaml":
            return _yaml_dump(value)
        case "cbor":
            return _cbor_dump(value)


def decode(body: bytes, content_type: str) -> JSON:
    """A body as one JSON object. Raises `UnsupportedMediaType`, or `BadRequest` saying where it breaks."""
    media = content_type.partition(";")[0].strip().lower()
    reader = _READERS.get(media)
    if reader is None:
        raise errors.UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: "
            + ", ".join(sorted(filter(None, _READERS)))
        )
    value = reader(body)
    if not isinstance(value, dict):
        raise errors.BadRequest("the body of the request must be one object")
    return value


def duplicates(body: bytes, content_type: str, value: JSON) -> tuple[str, ...]:
    """The paths of keys that a JSON or YAML body has twice; `value` is what `decode` made of it."""
    media = content_type.partition(";")[0].strip().lower()
    if media in _JSON:
        return tuple(codec.duplicate_keys(body, value))
    return tuple(_doubled_in_yaml(body)) if media == "application/yaml" else ()


def _doubled_in_yaml(body: bytes) -> list[str]:
    import yaml

    found: list[str] = []

    def visit(node: Any, here: Path) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    found.append(render(here, name))
                seen.add(name)
                visit(value, (here, name))
        elif isinstance(node, yaml.SequenceNode):
            for index, each in enumerate(node.value):
                visit(each, (here, index))

    visit(yaml.compose(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), None)
    return found


def _read_yaml(body: bytes) -> Any:
    import yaml

    try:
        value = yaml.load(body, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return orjson.loads(orjson.dumps(value))  # dates become texts; keys that are no texts are refused
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as problem:
        raise errors.BadRequest(f"the body of the request is not valid YAML: {problem}") from problem


def _read_cbor(body: bytes) -> Any:
    import cbor2

    try:
        return orjson.loads(orjson.dumps(cbor2.loads(body)))
    except (cbor2.CBORDecodeError, TypeError, ValueError, RecursionError) as problem:
        raise errors.BadRequest(f"the body of the request is not valid CBOR: {problem}") from problem


def _read_protobuf(body: bytes) -> Any:
    from fizz.apiserver.kinds import protobuf

    return protobuf.decode(body)


_JSON: Final = ("", "application/json")
_READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "": codec.decode,
    "application/json": codec.decode,
    "application/yaml": _read_yaml,
    "application/cbor": _read_cbor,
    "application/vnd.kubernetes.protobuf": _read_protobuf,
}


def _yaml_dump(value: Any) -> bytes:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: bytes = yaml.dump(value, Dumper=dumper, encoding="utf-8", allow_unicode=True, sort_keys=False)
    return text


def _cbor_dump(value: Any) -> bytes:
    import cbor2

    return cbor2.dumps(value)
