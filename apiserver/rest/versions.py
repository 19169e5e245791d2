"""Versions that a webhook converts: what is stored is in one version, what is asked for may be in another.

Records are *brought* to a version before anything looks into them; all that follows need not know of it. Where nothing
converts (built-in kinds, and conversion None), and where all is in the right version already, bringing costs nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

import orjson

from fizz.apiserver.kinds import codec
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import clone
from fizz.apiserver.rest.context import Context
from fizz.apiserver.store.types import Event, Record
from fizz.schemas.base import JSON

__all__ = ["brought", "converted", "foresee", "memo_key", "to_store"]


async def brought(context: Context, resource: Resource, records: Sequence[Record]) -> Sequence[Record]:
    """The records with their values in the version of the resource. Raises `InternalError` if nobody converts them."""
    if resource.conversion is None:
        return records
    values = await _values(context, resource, [(each.value, each.revision) for each in records])
    return [replace(each, value=value) for each, value in zip(records, values, strict=True)]


async def converted(context: Context, resource: Resource, obj: JSON) -> JSON:
    """An object of another version or group in that of the resource."""
    if obj.get("apiVersion") == resource.api_version:
        return obj
    if resource.conversion is not None:
        (made,) = await context.conversions.convert(resource.conversion, [obj], resource.api_version)
        return made
    source = context.registry.by_kind(obj["apiVersion"], obj["kind"])
    stored = clone(obj) if source is None or source.to_stored is None else source.to_stored(clone(obj))
    return stored if resource.from_stored is None else resource.from_stored(stored)


async def to_store(context: Context, resource: Resource, obj: JSON) -> bytes:
    """The value that is stored of an object."""
    if resource.conversion is None or resource.conversion.storage == resource.api_version:
        return resource.dump(obj)
    (made,) = await context.conversions.convert(resource.conversion, [obj], resource.conversion.storage)
    return codec.dump(made)


async def foresee(context: Context, changes: Sequence[tuple[Event, Resource]]) -> None:
    """Convert what watchers will want to see of these events, once for all of them. Raises `InternalError`."""
    by_resource: dict[int, list[tuple[Event, Resource]]] = {}
    for event, resource in changes:
        if resource.conversion is not None and memo_key("value", resource) not in event.memo:
            by_resource.setdefault(id(resource), []).append((event, resource))
    for group in by_resource.values():
        resource = group[0][1]
        wanted = [
            (event, name, value)
            for event, _ in group
            for name, value in (("value", event.value), ("previous", event.previous))
            if value is not None
        ]
        values = await _values(context, resource, [(value, event.revision) for event, _, value in wanted])
        for (event, name, _), value in zip(wanted, values, strict=True):
            event.memo[memo_key(name, resource)] = resource.load(value, event.revision)


def memo_key(name: str, resource: Resource) -> object:
    """Where an event remembers its decoded value, or the previous one."""
    return name, resource.from_stored


async def _values(context: Context, resource: Resource, values: Sequence[tuple[bytes, int]]) -> list[bytes]:
    assert resource.conversion is not None
    own = b'{"apiVersion":%b,' % orjson.dumps(resource.api_version)
    result = [value for value, _ in values]
    foreign = [index for index, value in enumerate(result) if not value.startswith(own)]
    if foreign:
        objs = [codec.load(*values[index]) for index in foreign]
        made = await context.conversions.convert(resource.conversion, objs, resource.api_version)
        for index, obj in zip(foreign, made, strict=True):
            result[index] = codec.dump(obj)
    return result
