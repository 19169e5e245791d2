"""A small API server for tests of the client, in the loop of the test, with faults to order.

It keeps objects and a log, lists, watches and writes like the real one, in the breadth that the client uses. What the
real one does rarely, it does when told to: cut a watch after so many bytes, answer with any status, forget its history,
go away and come back.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson
from aiohttp import web

from fizz.client.api import Client
from fizz.schemas.base import JSON

Change = tuple[str, JSON]


@dataclass(frozen=True)
class Seen:
    """A request that the server got."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class FakeServer:
    """Use as an async context manager. `folder` gets the socket."""

    folder: Path
    revision: int = 0
    compacted: int = 0
    objects: dict[tuple[str, str, str], JSON] = field(default_factory=dict)
    log: list[tuple[int, str, JSON]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    answers: dict[tuple[str, str], JSON] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    refusals: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    cuts: deque[int] = field(default_factory=deque)
    ending: bool = False
    deaf: bool = False
    refuse_path: str = ""
    open_watches: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None
    _transports: set[asyncio.Transport] = field(default_factory=set)

    @property
    def socket(self) -> Path:
        return self.folder / "fake.sock"

    def client(self, **options: Any) -> Client:
        return Client(f"unix://{self.socket}", **options)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Come (back)."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01, handler_cancellation=True)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self.socket)).start()

    async def stop(self) -> None:
        """Go away as if killed: connections break, and nobody listens."""
        if self._runner:
            self.cut()
            await self._runner.cleanup()
            self._runner = None
            self.socket.unlink(missing_ok=True)

    def cut(self) -> None:
        """Break all connections."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    def end_watches(self) -> None:
        """End all watches cleanly, as at their time-out."""
        self.ending = True
        self._wake()

    def commit(self, *changes: Change) -> int:
        """Do changes ("ADDED", "MODIFIED" or "DELETED", and the object) at one new revision."""
        self.revision += 1
        for kind, item in changes:
            stored = orjson.loads(orjson.dumps(item))
            metadata = stored["metadata"]
            metadata["resourceVersion"] = str(self.revision)
            metadata.setdefault("uid", f"uid-{metadata['name']}")
            key = (plural(item), metadata.get("namespace", ""), metadata["name"])
            if kind == "DELETED":
                self.objects.pop(key, None)
            else:
                self.objects[key] = stored
            self.log.append((self.revision, kind, stored))
        self._wake()
        return self.revision

    def compact(self) -> None:
        """Forget the history."""
        self.compacted = self.revision

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body: Any = orjson.loads(raw) if raw else None
        self.seen.append(Seen(request.method, request.path, request.query, request.headers, body))
        if request.path == self.refuse_path:
            return status(403, "Forbidden")
        if self.refusals:
            code, headers = self.refusals.popleft()
            if code == 0:
                assert request.transport
                request.transport.abort()
                return web.Response()
            return status(code, "Refused", headers)
        if (request.method, request.path) in self.answers:
            return web.json_response(self.answers[request.method, request.path])
        if request.path in self.texts:
            return web.Response(body=self.texts[request.path])
        if request.query.get("watch"):
            return await self._watch(request)
        return self._verb(request, _Place.of(request.path), body)

    def _verb(self, request: web.Request, place: "_Place", body: JSON) -> web.Response:
        key = (place.plural, place.namespace, place.name)
        present = self.objects.get(key)
        match request.method:
            case "GET" if not place.name:
                return self._list(request, place)
            case "POST":
                key = (place.plural, place.namespace, body["metadata"]["name"])
                if key in self.objects:
                    return status(409, "AlreadyExists")
                self.commit(("ADDED", body))
                return web.json_response(self.objects[key], status=201)
            case _ if present is None:
                return status(404, "NotFound")
            case "PUT":
                wanted = body["metadata"].get("resourceVersion")
                if wanted and wanted != present["metadata"]["resourceVersion"]:
                    return status(409, "Conflict")
                self.commit(("MODIFIED", body))
            case "PATCH":
                self.commit(("MODIFIED", merge(present, body)))
            case "DELETE":
                self.commit(("DELETED", present))
                return web.json_response({"kind": "Status", "status": "Success"})
        return web.json_response(self.objects[key])

    def _list(self, request: web.Request, place: "_Place") -> web.Response:
        items = [item for key, item in sorted(self.objects.items()) if place.holds(item)]
        begin, limit = int(request.query.get("continue", 0)), int(request.query.get("limit", 0)) or len(items)
        metadata: JSON = {"resourceVersion": str(self.revision)}
        if begin + limit < len(items):
            metadata |= {"continue": str(begin + limit), "remainingItemCount": len(items) - begin - limit}
        return web.json_response({"kind": "List", "metadata": metadata, "items": items[begin : begin + limit]})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        after = int(request.query["resourceVersion"])
        if after < self.compacted:
            return status(410, "Expired")
        place = _Place.of(request.path)
        response = web.StreamResponse()
        await response.prepare(request)
        assert request.transport
        self._transports.add(request.transport)
        self.open_watches += 1
        try:
            await self._send(request, response, place, after)
        finally:
            self.open_watches -= 1
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, place: "_Place", after: int) -> None:
        budget = self.cuts.popleft() if self.cuts else None
        assert request.transport
        position, self.ending = 0, False
        while not self.ending or self.deaf:
            news = self._news
            for number in range(position, len(self.log)):
                revision, kind, item = self.log[number]
                if revision <= after or not place.holds(item):
                    continue
                frame = orjson.dumps({"type": kind, "object": item}) + b"\n"
                if budget is not None and len(frame) >= budget:
                    await response.write(frame[:budget])
                    request.transport.abort()
                    return
                await response.write(frame)
                budget = None if budget is None else budget - len(frame)
            position = len(self.log)
            await news.wait()
        bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(self.revision)}}}
        await response.write(orjson.dumps(bookmark) + b"\n")


@dataclass(frozen=True)
class _Place:
    """What a path means."""

    plural: str
    namespace: str = ""
    name: str = ""

    @classmethod
    def of(cls, path: str) -> Self:
        parts = path.strip("/").split("/")
        if parts == ["watch"]:
            return cls("watch")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = ""
        if parts and parts[0] == "namespaces" and len(parts) > 2:
            namespace, parts = parts[1], parts[2:]
        return cls(parts[0] if parts else "", namespace, parts[1] if len(parts) > 1 else "")

    def holds(self, item: JSON) -> bool:
        if self.plural == "watch":
            return True
        return plural(item) == self.plural and self.namespace in {"", item["metadata"].get("namespace", "")}


def plural(item: JSON) -> str:
    return f"{item['kind'].lower()}s"


def merge(target: JSON, patch: JSON) -> JSON:
    """A merge patch (RFC 7396)."""
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key) or {}, value) if isinstance(value, dict) else value
    return merged


def status(code: int, reason: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    return web.json_response({**body, "message": f"{reason} on purpose"}, status=code, headers=headers)


def config_map(name: str, namespace: str = "blog", **extra: Any) -> JSON:
    """A ConfigMap; `extra` goes into its metadata."""
    metadata = {"name": name, "namespace": namespace, **extra}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"name": name}}
