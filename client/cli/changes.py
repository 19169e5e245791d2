"""Several kinds at once, from what is there to what happens next, over one connection and in order.

First ADDED for each object that is there, then None once ("that is all there is"), then every change. Where changes
were missed, everything is listed again and the difference is told; nobody who listens need know.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from fizz.client.api import Client, EventType, Gone, WatchEvent
from fizz.client.objects import Key, key_of, uid_of, version_of
from fizz.client.watch import diff
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

__all__ = ["changes"]

_Known = dict[tuple[str, str], dict[Key, JSON]]


async def changes(
    client: Client, kinds: Sequence[Kind], namespace: str | None = None, label_selector: str | None = None
) -> AsyncGenerator[WatchEvent[JSON] | None, None]:
    """The objects of these kinds and all that happens to them; see the module's text."""
    known: _Known = {(kind.api_version, kind.kind): {} for kind in kinds}
    complete = False
    while True:
        revision = ""
        for kind in kinds:
            listed = await client.list(kind, namespace if kind.namespaced else None, label_selector)
            revision = revision or listed.resource_version
            for event in diff(known[kind.api_version, kind.kind], listed.items):
                _note(known, event)
                yield event
        if not complete:
            complete = True
            yield None
        try:
            async with aclosing(client.watch_many(kinds, revision, namespace, label_selector)) as events:
                async for event in events:
                    if _note(known, event):
                        yield event
        except Gone:
            continue


def _note(known: _Known, event: WatchEvent[JSON]) -> bool:
    """Remember an event. False if a list that was read later told it already."""
    item = event.object
    objects = known[item["apiVersion"], item["kind"]]
    key = key_of(item)
    old = objects.get(key)
    if event.type is EventType.DELETED:
        if old is None or uid_of(old) != uid_of(item):
            return False
        del objects[key]
        return True
    if old is not None and int(version_of(old)) >= int(version_of(item)):
        return False
    objects[key] = item
    return True
