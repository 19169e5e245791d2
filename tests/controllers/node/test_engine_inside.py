"""What every engine does inside of its containers: the fake one and, marked e2e, the Docker Engine alike."""

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator

import pytest

from fizz.controllers.node.engine import Conversation, Missing, Refused
from fizz.schemas.execs import ExecRequest
from tests.controllers.node.bench import Bench

FOREVER = ["sh", "-c", "trap 'exit 7' TERM; while true; do sleep 0.02; done"]


async def heard(talk: Conversation) -> bytes:
    return b"".join([entry.text async for entry in talk])


async def test_a_command_is_talked_to(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)
    data = bytes(range(256)) * 1000

    async with bench.engine.converse(container, ExecRequest(("cat",), stdin=True)) as talk:
        hearing = asyncio.create_task(heard(talk))
        await talk.write(data)
        await talk.end_input()
        said = await hearing
        code = await talk.exit_code()
    async with bench.engine.converse(container, ExecRequest(("sh", "-c", "echo hi; exit 3"), tty=True)) as talk:
        await talk.resize(24, 80)
        shown = await heard(talk)
        failed = await talk.exit_code()

    assert (said == data, code) == (True, 0)
    assert (shown.strip(), failed) == (b"hi", 3)


async def test_a_command_is_begun_and_left(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)

    await bench.engine.execute_detached(container, ExecRequest(("sh", "-c", "sleep 100")))

    assert (await bench.engine.inspect(container)).state == "running"


async def test_the_containers_own_program_is_heard_from_its_beginning(bench: Bench) -> None:
    container = await bench.create("job", ["sh", "-c", "echo one; exit 5"])

    async with bench.engine.attach(container, stdin=False) as talk:
        hearing = asyncio.create_task(heard(talk))
        await bench.engine.start(container)
        said = await hearing
        code = await talk.exit_code()

    assert (said, code) == (b"one\n", 5)


async def test_pausing_and_going_on_twice_is_no_error(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)
    await bench.engine.pause(container)
    await bench.engine.pause(container)
    paused = (await bench.engine.inspect(container)).state
    await bench.engine.unpause(container)
    await bench.engine.unpause(container)

    assert (paused, (await bench.engine.inspect(container)).state) == ("paused", "running")


async def test_a_signal_ends_it_or_does_not(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)
    await bench.engine.kill(container, "SIGWINCH")
    still = (await bench.engine.inspect(container)).state
    await bench.engine.kill(container, "SIGKILL")
    ended = await bench.until(container, lambda found: found.state == "exited")

    assert (still, ended.exit_code) == ("running", 137)


async def test_processes_and_figures_are_told(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)

    found = await bench.engine.processes(container)
    (figures,) = [each async for each in bench.engine.stats(container, stream=False)]

    assert "PID" in found.titles
    assert any("trap" in cell for row in found.rows for cell in row)
    assert figures["memory_stats"]["limit"] > 0


async def test_files_go_in_and_come_out(bench: Bench) -> None:
    container = await bench.create("web", FOREVER)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        member = tarfile.TarInfo("a.txt")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"abc"))

    async def sent() -> AsyncIterator[bytes]:
        yield content.getvalue()

    await bench.engine.put_archive(container, "/tmp", sent())
    found = await bench.engine.stat(container, "/tmp/a.txt")
    packed = b"".join([chunk async for chunk in bench.engine.archive(container, "/tmp/a.txt")])
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        file = tar.extractfile("a.txt")
        assert (found["name"], found["size"], file.read() if file else b"") == ("a.txt", 3, b"abc")
    with pytest.raises(Missing):
        await bench.engine.stat(container, "/tmp/nosuch")


@pytest.mark.parametrize("verb", ["converse", "attach", "kill", "pause", "unpause", "processes"])
async def test_what_is_not_there_is_missing(bench: Bench, verb: str) -> None:
    with pytest.raises(Missing):
        await _do(bench, verb, "0" * 64)


@pytest.mark.parametrize("verb", ["converse", "kill", "pause", "unpause", "processes"])
async def test_what_does_not_run_is_refused(bench: Bench, verb: str) -> None:
    container = await bench.create("web", FOREVER)

    with pytest.raises(Refused):
        await _do(bench, verb, container)


async def _do(bench: Bench, verb: str, container: str) -> None:
    engine = bench.engine
    match verb:
        case "converse":
            async with engine.converse(container, ExecRequest(("true",))):
                pass
        case "attach":
            async with engine.attach(container, stdin=False):
                pass
        case "kill":
            await engine.kill(container, "SIGHUP")
        case "pause":
            await engine.pause(container)
        case "unpause":
            await engine.unpause(container)
        case _:
            await engine.processes(container)
