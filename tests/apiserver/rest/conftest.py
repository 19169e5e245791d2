"""The application in memory, driven over ASGI: whole answers with `api.get(...)`, streams with `api.watch(...)`."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from starlette.types import ASGIApp, Message

from fizz.apiserver.app import build
from fizz.apiserver.rest.gate import Door, at_door
from fizz.apiserver.store.memory import MemoryStore
from tests.apiserver.rest.access_kit import Caller, make_token

JSON = dict[str, Any]


@dataclass
class Answer:
    """An answer: its code, headers and body."""

    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> JSON:
        value: JSON = orjson.loads(self.body)
        return value


@dataclass
class Stream:
    """A stream that is being read, one chunk after the other."""

    chunks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    rest: bytes = b""
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    async def line(self) -> bytes:
        """The next line, without its end; raises `EOFError` at the end of the stream."""
        while b"\n" not in self.rest:
            chunk = await asyncio.wait_for(self.chunks.get(), 5)
            if chunk is None:
                raise EOFError
            self.rest += chunk
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    async def chunk(self) -> bytes:
        """The next piece, as it was sent."""
        return await asyncio.wait_for(self.chunks.get(), 5) or b""

    async def event(self) -> tuple[str, JSON]:
        """The next JSON frame: its type and its object."""
        frame = orjson.loads(await self.line())
        return frame["type"], frame["object"]

    async def sse(self) -> dict[str, str]:
        """The next server-sent event as its fields; comments are passed over."""
        fields: dict[str, str] = {}
        while True:
            line = (await self.line()).decode().rstrip("\r")
            if not line and fields:
                return fields
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value


class Api:
    """Speaks to an application without a network."""

    def __init__(self, app: ASGIApp, store: MemoryStore, door: Door | None = Door.SOCKET) -> None:
        self.app, self.store, self.door = app, store, door

    def at(self, door: Door | None) -> "Api":
        """The same application, through another door."""
        return Api(self.app, self.store, door)

    async def serve(self, scope: Any, receive: Any, send: Any) -> None:
        """One call of the application through the door; without one if there is none."""
        served = self.app if self.door is None else at_door(self.app, self.door)
        await served(scope, receive, send)

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """One request."""
        raw = body if isinstance(body, bytes) else (b"" if body is None else orjson.dumps(body))
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = _scope(method, path, headers or {}, query)
        await self.serve(scope, receive, send)
        return Answer(
            sent[0]["status"],
            {name.decode(): value.decode() for name, value in sent[0]["headers"]},
            b"".join(message.get("body", b"") for message in sent[1:]),
        )

    async def get(self, path: str, **query: Any) -> Answer:
        return await self.request("GET", path, **query)

    async def post(self, path: str, body: Any, **query: Any) -> Answer:
        return await self.request("POST", path, body, **query)

    async def put(self, path: str, body: Any, **query: Any) -> Answer:
        return await self.request("PUT", path, body, **query)

    async def delete(self, path: str, body: Any = None, **query: Any) -> Answer:
        return await self.request("DELETE", path, body, **query)

    async def patch(self, path: str, body: Any, media: str = "merge-patch+json", **query: Any) -> Answer:
        return await self.request("PATCH", path, body, headers={"content-type": f"application/{media}"}, **query)

    async def namespace(self, name: str = "blog") -> None:
        answer = await self.post("/api/v1/namespaces", {"metadata": {"name": name}})
        assert answer.code == 201, answer.body

    async def config_map(self, name: str, data: dict[str, str], namespace: str = "blog", **metadata: Any) -> JSON:
        body = {"metadata": {"name": name, **metadata}, "data": data}
        answer = await self.post(f"/api/v1/namespaces/{namespace}/configmaps", body)
        assert answer.code == 201, answer.body
        return answer.json

    @contextlib.asynccontextmanager
    async def watch(
        self, path: str, *, headers: dict[str, str] | None = None, slow: bool = False, **query: Any
    ) -> AsyncIterator[Stream]:
        """A stream; leaving the block is the client hanging up. A slow one takes nothing until `flowing` is set."""
        stream = Stream()
        if not slow:
            stream.flowing.set()
        gone = asyncio.Event()
        first = True

        async def receive() -> Message:
            nonlocal first
            if first:
                first = False
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                stream.begun.set()
            elif message.get("body"):
                await stream.flowing.wait()
                stream.chunks.put_nowait(message["body"])
            if message["type"] == "http.response.body" and not message.get("more_body"):
                stream.chunks.put_nowait(None)

        async def serve() -> None:
            await self.serve(_scope("GET", path, headers or {}, query), receive, send)

        task = asyncio.create_task(serve())
        try:
            await stream.begun.wait()
            yield stream
        finally:
            gone.set()
            await asyncio.wait_for(task, 5)


def _scope(method: str, path: str, headers: dict[str, str], query: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(query, doseq=True).encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "server": ("testserver", 80),
        "client": None,
        "state": {},
    }


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    store = MemoryStore(clock=time.time)
    app = build(store)
    await app.service.bootstrap()
    following = asyncio.create_task(app.service.definitions.run())
    yield Api(app, store)
    await app.service.close()
    await store.close()
    await following


@pytest.fixture
async def jane(api: Any) -> Caller:
    await api.namespace()
    return Caller(api, (await make_token(api, "jane", "devs")).text)
