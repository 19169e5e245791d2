"""How objects are shown to people: tables with the columns of their kind, and metadata alone.

A column's path is a JSON path as in additionalPrinterColumns of a CRD (`.status.phase`,
`.status.conditions[?(@.type=="Ready")].status`), several separated by commas (the first that is there), or one of a
few formulas for built-in kinds: `length(paths)`, `ratio(have,want)`, `object(reference)`, `ports(list)`,
`ref(roleRef)`, `source(source,component,instance)`, `subjects(list,kind)`, `state(conditions,types)`,
`completions(spec,status)`, `since(time)`, `duration(start,ends)`.

Source: "Receiving resources as Tables" and "Additional printer columns" of the Kubernetes documentation.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from fizz.apiserver.kinds.registry import Resource
from fizz.schemas import times
from fizz.schemas.base import JSON
from fizz.schemas.jsonpath import compile_path
from fizz.schemas.kinds import Column

__all__ = ["metadata_only", "table"]

_STEP: Final = re.compile(r"""\.([\w-]+)|\['([^']+)'\]|\[(\d+)\]|\[\?\(@\.([\w.]+)\s*==\s*["']([^"']*)["']\)\]""")
_FORMULA: Final = re.compile(
    r"(length|ratio|object|path|ports|ref|source|subjects|state|completions|since|duration)\((.*)\)"
)
_NAME: Final = Column("Name", ".metadata.name", "string", "Name must be unique within a namespace.")

Cell = Callable[[JSON], Any]


def table(
    resource: Resource, items: Iterable[JSON], metadata: JSON, version: str, include: str, *, columns: bool = True
) -> JSON:
    """A `Table` of objects. `include` is None, Metadata or Object (what each row carries besides its cells);
    `columns` False leaves the definitions out, as in all events of a watch but the first. The name comes first, unless
    the columns of a built-in kind say where it stands.
    """
    named = resource.builtin and any(column.path == _NAME.path for column in resource.columns)
    first = () if named else (_NAME,)
    reader = _cell if resource.builtin else _custom_cell
    cells = [
        *(_cell(column.path, column.type) for column in first),
        *(reader(column.path, column.type) for column in resource.columns),
    ]
    result: JSON = {"kind": "Table", "apiVersion": f"meta.k8s.io/{version}", "metadata": metadata}
    result["columnDefinitions"] = [_definition(column) for column in (*first, *resource.columns)] if columns else []
    result["rows"] = [_row(item, cells, version, include) for item in items]
    return result


def metadata_only(item: JSON, version: str) -> JSON:
    """The `PartialObjectMetadata` of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}", "metadata": item["metadata"]}


def _definition(column: Column) -> JSON:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column is _NAME else column.format,
        "description": column.description or f"{column.name} of the object.",
        "priority": column.priority,
    }


def _row(item: JSON, cells: list[Cell], version: str, include: str) -> JSON:
    row: JSON = {"cells": [cell(item) for cell in cells]}
    if include == "Object":
        row["object"] = item
    elif include != "None":
        row["object"] = metadata_only(item, version)
    return row


@lru_cache(maxsize=1024)
def _cell(path: str, kind: str) -> Cell:
    if formula := _FORMULA.fullmatch(path):
        name, arguments = formula.groups()
        if name == "subjects":
            return _subjects(*arguments.split(","))
        if name == "state":
            return _state(*arguments.split(","))
        return _FORMULAS[name]([_compile(argument) for argument in arguments.split(",")])
    readers = [_compile(part) for part in path.split(",")]

    def read(item: JSON) -> Any:
        value = next((found for reader in readers if (found := reader(item)) is not None), None)
        if kind == "date":
            return _age(value)
        if value is None:
            return None if kind in {"integer", "number", "boolean"} else ""
        return value if kind in {"integer", "number", "boolean"} else str(value)

    return read


@lru_cache(maxsize=1024)
def _custom_cell(path: str, kind: str) -> Cell:
    """A column of a definition: the first thing that its JSON path finds, as a value of its type, or null."""
    find_all = compile_path(path)

    def read(item: JSON) -> Any:
        found = find_all(item)
        return _typed(found[0], kind) if found else None

    return read


def _typed(value: Any, kind: str) -> Any:
    match kind:
        case "string":
            return value if isinstance(value, str) else orjson.dumps(value).decode()
        case "integer" if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "date" if isinstance(value, str):
            return _age(value)
    return None


def _compile(path: str) -> Cell:
    """A reader of one JSON path; it gives None where the path leads nowhere."""
    steps: list[Callable[[Any], Any]] = []
    position = 0
    text = path.strip().removeprefix("$")
    while position < len(text):
        match = _STEP.match(text, position)
        if not match:
            raise ValueError(f"{path!r} is no JSON path that columns can have; it breaks at {text[position:]!r}")
        field, quoted, index, key, wanted = match.groups()
        if index is not None:
            steps.append(_item(int(index)))
        elif key is not None:
            steps.append(_where(key, wanted))
        else:
            steps.append(_field(field or quoted))
        position = match.end()

    def read(item: JSON) -> Any:
        value: Any = item
        for step in steps:
            value = step(value)
            if value is None:
                return None
        return value

    return read


def _field(name: str) -> Callable[[Any], Any]:
    return lambda value: value.get(name) if isinstance(value, dict) else None


def _item(index: int) -> Callable[[Any], Any]:
    return lambda value: value[index] if isinstance(value, list) and index < len(value) else None


def _where(key: str, wanted: str) -> Callable[[Any], Any]:
    def first(value: Any) -> Any:
        for entry in value if isinstance(value, list) else ():
            if isinstance(entry, dict) and str(entry.get(key)) == wanted:
                return entry
        return None

    return first


def _length(readers: list[Cell]) -> Cell:
    return lambda item: sum(len(reader(item) or ()) for reader in readers)


def _ratio(readers: list[Cell]) -> Cell:
    have, want = readers
    return lambda item: f"{have(item) or 0}/{want(item) or 0}"


def _object(readers: list[Cell]) -> Cell:
    def read(item: JSON) -> str:
        reference = readers[0](item) or {}
        return f"{str(reference.get('kind', '')).lower()}/{reference.get('name', '')}"

    return read


def _ports(readers: list[Cell]) -> Cell:
    def read(item: JSON) -> str:
        shown = []
        for port in readers[0](item) or ():
            host = f"{port['hostPort']}:" if port.get("hostPort") else ""
            shown.append(f"{host}{port['port']}/{port.get('protocol', 'tcp')}")
        return ",".join(shown) or "<none>"

    return read


def _ref(readers: list[Cell]) -> Cell:
    def read(item: JSON) -> str:
        reference = readers[0](item) or {}
        return f"{reference.get('kind', '')}/{reference.get('name', '')}"

    return read


def _source(readers: list[Cell]) -> Cell:
    """Who tells of an event: a component, and where it runs."""

    def read(item: JSON) -> str:
        source, component, instance = (reader(item) for reader in readers)
        parts = [(source or {}).get("component") or component, (source or {}).get("host") or instance]
        return ", ".join(str(part) for part in parts if part)

    return read


def _subjects(path: str, kind: str) -> Cell:
    """The names of the subjects of one kind."""
    subjects = _compile(path)

    def read(item: JSON) -> str:
        chosen = [each for each in subjects(item) or () if each.get("kind") == kind]
        return ", ".join(
            f"{each['namespace']}/{each['name']}" if each.get("namespace") else each["name"] for each in chosen
        )

    return read


def _state(path: str, *types: str) -> Cell:
    """The first of these conditions that is true, else Running."""
    conditions = _compile(path)

    def read(item: JSON) -> str:
        true = {each.get("type") for each in conditions(item) or () if each.get("status") == "True"}
        return next((each for each in types if each in true), "Running")

    return read


def _completions(readers: list[Cell]) -> Cell:
    """`2/3` as for a Job of Kubernetes; `0/1 of 4` where one success of several is enough."""
    spec_of, status_of = readers

    def read(item: JSON) -> str:
        spec, done = spec_of(item) or {}, (status_of(item) or {}).get("succeeded") or 0
        if spec.get("completionMode") == "PerNode":
            return f"{done}"
        if spec.get("completions") is not None:
            return f"{done}/{spec['completions']}"
        several = spec.get("parallelism", 1)
        return f"{done}/1 of {several}" if several > 1 else f"{done}/1"

    return read


def _since(readers: list[Cell]) -> Cell:
    return lambda item: _age(readers[0](item)) if readers[0](item) else "<none>"


def _duration(readers: list[Cell]) -> Cell:
    """From a start to the first end that is there, or else until now."""
    start_of, *ends = readers

    def read(item: JSON) -> str:
        start = start_of(item)
        if not start:
            return ""
        end = next((found for end in ends if (found := end(item))), None)
        until = times.parse(str(end)) if end else datetime.now(UTC)
        return _distance(max(0, int((until - times.parse(str(start))).total_seconds())))

    return read


def _path(readers: list[Cell]) -> Cell:
    """What there is of several values, with slashes between."""
    return lambda item: "/".join(str(found) for reader in readers if (found := reader(item))) or "<unset>"


_FORMULAS: Final = {
    "ref": _ref, "path": _path, "source": _source, "length": _length, "ratio": _ratio, "object": _object,
    "ports": _ports,
    "completions": _completions, "since": _since, "duration": _duration,
}  # fmt: skip


def _age(value: Any) -> str:
    """A time as its distance from now, the way kubectl says it: 5s, 3m12s, 2h5m, 4d3h, 120d."""
    if not value:
        return "<unknown>"
    try:
        seconds = int((datetime.now(UTC) - times.parse(str(value))).total_seconds())
    except ValueError:
        return "<invalid>"
    return _distance(max(seconds, 0))


def _distance(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _pair(days // 365, "y", days % 365, "d") if days < 2920 else f"{days // 365}y"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
