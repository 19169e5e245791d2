"""The clients of hack/watch_check.py: they write, list and watch, and note what they see."""

import asyncio
import base64
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import click
import httpx
import orjson

from hack.watch_history import Chain, Change, History, Item, Listing, Place, Selection, Write

__all__ = [
    "NAMES",
    "NAMESPACE",
    "PATHS",
    "Gone",
    "Lister",
    "Round",
    "Unheard",
    "Watcher",
    "Writer",
    "body_of",
    "item_of",
    "listed",
    "selections",
]

JSON = dict[str, Any]
NAMES: Final = [f"n{index:02}" for index in range(24)]
_LABELS: Final = ("", "a", "b")
NAMESPACE: Final = "checked"
_PAUSE: Final = 0.04  # seconds between two writes of one writer, on average
PATHS: Final = {
    "configmaps": f"/api/v1/namespaces/{NAMESPACE}/configmaps",
    "secrets": f"/api/v1/namespaces/{NAMESPACE}/secrets",
    "probes": f"/apis/check.fizz.dev/v1/namespaces/{NAMESPACE}/probes",
}
_RESOURCES: Final = {"configmaps": "configmaps", "secrets": "secrets", "probes": "probes.check.fizz.dev"}
_TYPES: Final = {
    "configmaps": ("v1", "ConfigMap"),
    "secrets": ("v1", "Secret"),
    "probes": ("check.fizz.dev/v1", "Probe"),
}


class Unheard(Exception):
    """The server did not answer, or its answer broke off."""


class Gone(Exception):
    """The server has forgotten what was asked for (410)."""


@dataclass
class Round:
    """What all clients of a round share. `final` is set when nothing is written any more, to the last version."""

    client: httpx.AsyncClient
    history: History
    dice: random.Random
    seen: Counter[str] = field(default_factory=Counter)
    ended: bool = False
    final: int | None = None

    async def ask(self, method: str, path: str, body: JSON | None = None, **query: Any) -> tuple[int, JSON]:
        """An answer: its code and its body. Raises `Unheard`."""
        media = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"content-type": media} if body is not None else {}
        content = None if body is None else orjson.dumps(body)
        try:
            answer = await self.client.request(method, path, content=content, params=query, headers=headers)
        except httpx.HTTPError as problem:
            raise Unheard from problem
        if answer.status_code >= 500 and answer.status_code != 503:
            raise click.ClickException(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.status_code, orjson.loads(answer.content)


def item_of(kind: str, obj: JSON) -> Item:
    """What a client notes of an object."""
    metadata = obj["metadata"]
    token = (obj.get("data") or {}).get("token", "")
    if kind == "secrets":
        token = base64.b64decode(token).decode()
    label = (metadata.get("labels") or {}).get("check", "")
    return Item(int(metadata["resourceVersion"]), metadata["uid"], token, label)


def body_of(kind: str, name: str, token: str, label: str) -> JSON:
    version, called = _TYPES[kind]
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"check": label or None}}
    said = base64.b64encode(token.encode()).decode() if kind == "secrets" else token
    return {"apiVersion": version, "kind": called, "metadata": metadata, "data": {"token": said}}


class Writer:
    """Writes what dice tell it, and notes what became of it."""

    def __init__(self, around: Round, name: str) -> None:
        self._round, self._name, self._count = around, name, 0

    async def run(self) -> None:
        dice = self._round.dice
        while not self._round.ended:
            await asyncio.sleep(dice.uniform(0, 2 * _PAUSE))
            kind, name, label = dice.choice(list(PATHS)), dice.choice(NAMES), dice.choice(_LABELS)
            await dice.choices((self._make, self._change, self._delete, self._transact), (4, 5, 3, 2))[0](
                kind, name, label
            )

    def _token(self) -> str:
        self._count += 1
        return f"{self._round.history.begin}-{self._name}-{self._count}"  # no other round has the same

    async def _make(self, kind: str, name: str, label: str) -> None:
        token = self._token()
        body = body_of(kind, name, token, label)
        if not label:
            del body["metadata"]["labels"]
        await self._written("POST", PATHS[kind], (kind, name), token, body)

    async def _change(self, kind: str, name: str, label: str) -> None:
        token = self._token()
        await self._written("PATCH", f"{PATHS[kind]}/{name}", (kind, name), token, body_of(kind, name, token, label))

    async def _written(self, method: str, path: str, place: Place, token: str, body: JSON) -> None:
        try:
            code, answer = await self._round.ask(method, path, body)
        except Unheard:
            self._note(Write(place, None, token=token))
            return
        if code >= 300:
            self._note(Write(place, False if code in {404, 409} else None, token=token))
        else:
            item = item_of(place[0], answer)
            self._note(Write(place, True, item.version, item.uid, item.token))

    async def _delete(self, kind: str, name: str, label: str) -> None:
        try:
            code, answer = await self._round.ask("DELETE", f"{PATHS[kind]}/{name}")
        except Unheard:
            return
        if code == 200:
            self._note(Write((kind, name), True, uid=answer["details"]["uid"]))

    async def _transact(self, kind: str, name: str, label: str) -> None:
        """One object of each of two kinds, at one version."""
        token, other = self._token(), self._round.dice.choice([each for each in PATHS if each != kind])
        objects = [(each, body_of(each, name, token, label or "a")) for each in (kind, other)]
        operations = [{"verb": "apply", "object": body, "force": True} for _, body in objects]
        body = {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": operations}
        try:
            code, answer = await self._round.ask(
                "POST", "/apis/fizz.dev/v1/transactions", body, fieldManager=f"check-{self._name}"
            )
        except Unheard:
            code, answer = 0, {}
        for index, (each, _) in enumerate(objects):
            if code in {200, 201}:
                item = item_of(each, answer["results"][index]["object"])
                self._note(Write((each, name), True, item.version, item.uid, item.token))
            else:
                self._note(Write((each, name), None, token=token))

    def _note(self, write: Write) -> None:
        self._round.history.writes.append(write)
        self._round.seen["writes" if write.done else "writes refused or unheard"] += 1


class Lister:
    """Lists now and then: whole, in pages, as of a version that was; with selectors."""

    def __init__(self, around: Round) -> None:
        self._round = around

    async def run(self) -> None:
        dice, known = self._round.dice, self._round.history.begin
        while not self._round.ended:
            await asyncio.sleep(dice.uniform(0, 0.3))
            kind = dice.choice(list(PATHS))
            selection = dice.choice(selections(kind))
            query = _query(selection)
            if dice.random() < 0.5:
                query["limit"] = dice.randint(1, 9)
            if dice.random() < 0.3:
                query |= {"resourceVersion": known, "resourceVersionMatch": "Exact"}
            with contextlib.suppress(Unheard, Gone):
                listing = await listed(self._round, kind, selection, query)
                self._round.history.listings.append(listing)
                known = dice.choice([known, listing.version])
            self._round.seen["lists"] += 1


async def listed(around: Round, kind: str, selection: Selection, query: JSON) -> Listing:
    """All pages of a list. Raises `Unheard` or `Gone`."""
    items: list[tuple[Place, Item]] = []
    version = None
    while True:
        code, page = await around.ask("GET", PATHS[kind], None, **query)
        if code == 410:
            around.seen["lists told that they are too old"] += 1
            raise Gone
        if code != 200:
            raise Unheard
        found = int(page["metadata"]["resourceVersion"])
        if version not in (None, found):
            raise click.ClickException(f"a list of {kind} is of {version} on one page and of {found} on the next")
        version = found
        items += [((kind, each["metadata"]["name"]), item_of(kind, each)) for each in page["items"]]
        if not page["metadata"].get("continue"):
            return Listing(selection, version, items)
        query = {**{key: query[key] for key in query if key in {"limit", "labelSelector", "fieldSelector"}}}
        query["continue"] = page["metadata"]["continue"]
        await asyncio.sleep(around.dice.uniform(0, 0.02))


def selections(kind: str) -> list[Selection]:
    """What is looked at of a kind."""
    kinds = frozenset({kind})
    return [Selection(kinds), Selection(kinds, label="a"), Selection(kinds, name=NAMES[0])]


def _query(selection: Selection) -> JSON:
    query: JSON = {}
    if selection.label:
        query["labelSelector"] = f"check={selection.label}"
    if selection.name:
        query["fieldSelector"] = f"metadata.name={selection.name}"
    return query


class Watcher:
    """Watches one selection for the whole round; a watch that breaks is resumed where it was.

    `begins` is how: `list` first and behind its version; `stream` with initial events, up to their bookmark; `now`
    (no version) and `zero` (version 0) with what is there, as a chain for each connection; `events` are server-sent
    events, of one kind or of several, behind a list.
    """

    def __init__(self, around: Round, selection: Selection, begins: str, *, slow: bool = False) -> None:
        self._round, self._selection, self._begins, self._slow = around, selection, begins, slow
        self._chain: Chain | None = None
        self._event_id = ""
        self._count = 0

    @property
    def has_begun(self) -> bool:
        """Whether it will see what happens from now on; one that does not say from when on is no witness of that."""
        return self._chain is not None or self._begins not in {"list", "events"}

    @property
    def is_done(self) -> bool:
        """Whether it has seen the end of the round."""
        return self._chain is not None and self._round.final is not None and self._chain.last >= self._round.final

    async def run(self) -> None:
        while not self.is_done:
            try:
                if self._chain is None:
                    await self._begin()
                await self._follow()
            except Gone:
                self._round.seen["watches told that they are too old"] += 1
                self._chain = None
            except (Unheard, httpx.HTTPError):
                self._round.seen["connections broken"] += 1
                await asyncio.sleep(0.1)
            if self._begins in {"now", "zero"} and not self.is_done:
                self._chain = None

    def _new(self, start: int | None) -> Chain:
        self._count += 1
        kinds = ",".join(sorted(self._selection.kinds))
        narrowed = self._selection.label or self._selection.name or "all"
        return Chain(f"watch of {kinds} {narrowed} by {self._begins} #{self._count}", self._selection, start)

    async def _begin(self) -> None:
        """A chain whose start is known; the others begin with their first frame."""
        self._event_id = ""
        if self._begins in {"list", "events"}:
            kind = sorted(self._selection.kinds)[0]
            listing = await listed(self._round, kind, Selection(frozenset({kind})), {})
            self._kept(self._new(listing.version))

    def _kept(self, chain: Chain) -> None:
        self._chain = chain
        self._round.history.chains.append(chain)

    async def _follow(self) -> None:
        """One connection. Raises `Gone`, or `Unheard` if it broke."""
        path, query, headers = self._request()
        patience = self._round.dice.uniform(0.3, 8)
        try:
            async with (
                asyncio.timeout(patience if not self._round.ended else 20),
                self._round.client.stream("GET", path, params=query, headers=headers) as answer,
            ):
                if answer.status_code == 410:
                    raise Gone
                if answer.status_code != 200:
                    await asyncio.sleep(0.1)
                    raise Unheard
                frames = _events(answer) if self._begins == "events" else _lines(answer)
                await self._read(frames)
        except TimeoutError:
            self._round.seen["connections cut"] += 1

    def _request(self) -> tuple[str, JSON, dict[str, str]]:
        query: JSON = {"watch": "true", "allowWatchBookmarks": "true", **_query(self._selection)}
        kinds = sorted(self._selection.kinds)
        path, headers = PATHS[kinds[0]], {}
        if self._round.ended:
            query["timeoutSeconds"] = 1  # the bookmark at its end tells that all was told
        elif self._round.dice.random() < 0.3:
            query["timeoutSeconds"] = self._round.dice.randint(1, 4)
        if self._begins == "events":
            headers = {"accept": "text/event-stream"}
            path = "/watch" if len(kinds) > 1 else path
            query |= {"resource": [_RESOURCES[kind] for kind in kinds], "namespace": NAMESPACE} if kinds[1:] else {}
            if self._event_id:
                headers["last-event-id"] = self._event_id
        if self._chain is not None and not self._event_id:
            query["resourceVersion"] = self._chain.last
        elif self._begins == "zero":
            query["resourceVersion"] = 0
        elif self._begins == "stream":
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        return path, query, headers

    async def _read(self, frames: AsyncIterator[tuple[str, str, JSON]]) -> None:
        begun = self._new(None) if self._chain is None else self._chain
        initial: list[Change] = []
        if self._chain is None and self._begins in {"now", "zero"}:
            self._kept(begun)
        async for place, kind, obj in frames:
            if kind == "ERROR":
                raise Gone if obj.get("code") == 410 else Unheard
            if kind == "BOOKMARK":
                version = int(obj["metadata"]["resourceVersion"])
                if "k8s.io/initial-events-end" in obj["metadata"].get("annotations", {}):
                    begun.start, begun.initial = version, initial
                    self._kept(begun)
                else:
                    begun.bookmarks.append(version)
            else:
                self._take(begun, initial, kind, obj)
            if place:
                self._event_id = place
            if self.is_done:
                return
            if self._slow:
                await asyncio.sleep(self._round.dice.uniform(0, 0.2))

    def _take(self, chain: Chain, initial: list[Change], kind: str, obj: JSON) -> None:
        name = next(name for name, (_, called) in _TYPES.items() if called == obj["kind"])
        change = Change(kind, (name, obj["metadata"]["name"]), item_of(name, obj))
        self._round.seen["events"] += 1
        if self._begins == "stream" and chain.start is None:
            initial.append(change)
        else:
            chain.changes.append(change)


async def _lines(answer: httpx.Response) -> AsyncIterator[tuple[str, str, JSON]]:
    """The frames of a stream of JSON; a last one that broke off is none."""
    rest = b""
    async for chunk in answer.aiter_raw():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            frame = orjson.loads(line)
            yield "", frame["type"], frame["object"]


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, str, JSON]]:
    """The frames of server-sent events, with their ids."""
    rest = ""
    async for chunk in answer.aiter_text():
        *blocks, rest = (rest + chunk).replace("\r\n", "\n").split("\n\n")
        for block in blocks:
            fields = dict(
                line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":")
            )
            if "data" in fields:
                yield fields.get("id", ""), fields["event"], orjson.loads(fields["data"])
