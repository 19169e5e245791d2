"""Single probes, against real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from fizz.controllers.node.engine import EngineLost, Execution, Refused
from fizz.controllers.node.probe_calls import ProbeCalls
from fizz.controllers.node.probing import Outcome
from fizz.schemas.execs import ExecRequest
from fizz.schemas.probes import Probe

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Box:
    """An engine whose one container runs what it is told."""

    def __init__(self, done: Execution | Exception | None = None) -> None:
        self.done, self.asked = done, list[ExecRequest]()

    async def execute(self, container: str, request: ExecRequest) -> Execution:
        self.asked.append(request)
        if self.done is None:
            await asyncio.Event().wait()
        if isinstance(self.done, Exception):
            raise self.done
        assert self.done is not None
        return self.done


@asynccontextmanager
async def page(answer: Answer) -> AsyncIterator[int]:
    """A server on a port."""
    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def made(engine: Box | None = None, address: str = "127.0.0.1", **fields: Any) -> Outcome | None:
    calls = ProbeCalls(engine or Box())
    try:
        return await calls.make(Probe.load(fields), "c1", address)
    finally:
        await calls.close()


@pytest.mark.parametrize(
    ("status", "expected", "ok"),
    [
        pytest.param(200, None, True, id="good"),
        pytest.param(302, None, True, id="a redirection, which is not followed"),
        pytest.param(404, None, False, id="not found"),
        pytest.param(404, ["200-299", "404"], True, id="not found, which is expected"),
        pytest.param(302, ["200-299"], False, id="good for others"),
    ],
)
async def test_a_request_is_judged_by_its_status(status: int, expected: list[str] | None, ok: bool) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="said", headers={"Location": "http://127.0.0.1:1/"})

    async with page(answer) as port:
        outcome = await made(httpGet={"port": port, **({"expectedStatuses": expected} if expected else {})})

    assert outcome == (Outcome(True) if ok else Outcome(False, f"HTTP {status}: said"))


async def test_path_query_and_headers_are_sent_as_written() -> None:
    seen = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.raw_path, request.headers["X-Who"], request.headers["Host"]))
        return web.Response()

    async with page(answer) as port:
        headers = [{"name": "X-Who", "value": "probe"}, {"name": "Host", "value": "shop"}]
        await made(httpGet={"port": port, "path": "/up%20there?full=1", "httpHeaders": headers})

    assert seen == [("/up%20there?full=1", "probe", "shop")]


async def test_who_does_not_answer_in_time_has_failed() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("nobody waits so long")

    async with page(answer) as port:
        outcome = await made(httpGet={"port": port}, timeoutSeconds=0.1)

    assert outcome == Outcome(False, "no answer within 0.1 s")


async def test_a_port_that_takes_connections_and_one_that_does_not() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response()

    async with page(answer) as port:
        open_ = await made(tcpSocket={"port": port})
    closed, asked = await made(tcpSocket={"port": port}), await made(httpGet={"port": port})

    assert open_ == Outcome(True)
    assert closed is not None
    assert not closed.ok
    assert "Connect call failed" in closed.output
    assert asked is not None
    assert not asked.ok


@pytest.mark.parametrize("kind", ["httpGet", "tcpSocket"])
async def test_a_container_without_an_address_cannot_be_reached(kind: str) -> None:
    fields: dict[str, Any] = {kind: {"port": 80}}
    assert await made(address="", **fields) == Outcome(False, "the container has no address in any network")


@pytest.mark.parametrize(
    ("done", "outcome"),
    [
        pytest.param(Execution(0, "fine"), Outcome(True), id="good"),
        pytest.param(Execution(3, "no database\n"), Outcome(False, "exit code 3: no database"), id="bad"),
        pytest.param(Refused("no such file"), Outcome(False, "no such file"), id="cannot be run"),
        pytest.param(EngineLost("gone"), None, id="the engine is away, which says nothing"),
        pytest.param(None, Outcome(False, "no answer within 0.1 s"), id="never ends"),
    ],
)
async def test_a_command_is_judged_by_its_exit_code(
    done: Execution | Exception | None, outcome: Outcome | None
) -> None:
    box = Box(done)
    assert await made(box, exec={"command": ["test", "-e", "/up"]}, timeoutSeconds=0.1) == outcome
    assert box.asked == [ExecRequest(("test", "-e", "/up"))]
