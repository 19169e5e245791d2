"""Logs over a container's lives, and the socket that answers for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from fizz.client.testing import eventually
from fizz.controllers.node.agent_api import AgentApi
from fizz.controllers.node.engine import EngineLost, Missing, Refused
from fizz.controllers.node.fake import FakeEngine
from fizz.controllers.node.logs import LogRequest, read
from fizz.schemas.sockets import SocketTaken
from tests.controllers.node.lives import KEY, Lives, answering


@dataclass
class Following:
    """A log that is being followed."""

    lives: Lives
    request: LogRequest
    text: bytes = b""

    async def run(self) -> None:
        async for batch in read(self.lives.engine, self.lives, KEY, self.request):
            self.text += batch


@asynccontextmanager
async def following(lives: Lives, **request: object) -> AsyncIterator[tuple[Following, "asyncio.Task[None]"]]:
    found = Following(lives, LogRequest(follow=True, **request))  # type: ignore[arg-type]  # the fields of LogRequest
    task = asyncio.create_task(found.run())
    try:
        yield found, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def all_of(lives: Lives, request: LogRequest) -> bytes:
    return b"".join([batch async for batch in read(lives.engine, lives, KEY, request)])


@pytest.fixture
def lives() -> Lives:
    return Lives(FakeEngine())


async def test_a_log_is_read_to_its_end(lives: Lives) -> None:
    await lives.create("echo one && echo two && sleep")

    assert await all_of(lives, LogRequest()) == b"one\ntwo\n"
    assert await all_of(lives, LogRequest(tail=1)) == b"two\n"
    times = (await all_of(lives, LogRequest(timestamps=True))).split(b"\n")
    assert [line.split(b" ")[1] for line in times[:2]] == [b"one", b"two"]
    assert all(line.startswith(b"2026-01-01T00:00:00.") for line in times[:2])


async def test_nothing_there_is_nothing_written(lives: Lives) -> None:
    assert await all_of(lives, LogRequest()) == b""


async def test_following_goes_on_over_a_restart_without_repeating(lives: Lives) -> None:
    container = await lives.create()

    async with following(lives) as (log, _):
        await eventually(lambda: log.text == b"one\n")
        lives.engine.write(container, "two")
        await eventually(lambda: log.text == b"one\ntwo\n")
        lives.engine.stop_by_hand(container)
        lives.engine.start_by_hand(container)
        lives.pulse.beat()
        await eventually(lambda: log.text == b"one\ntwo\none\n")


async def test_following_goes_on_when_the_container_is_made_anew(lives: Lives) -> None:
    first = await lives.create()

    async with following(lives) as (log, _):
        await eventually(lambda: log.text == b"one\n")
        lives.engine.remove_by_hand(first)
        await lives.create("echo new && sleep")
        await eventually(lambda: log.text == b"one\nnew\n")


async def test_following_waits_for_the_first_life(lives: Lives) -> None:
    async with following(lives) as (log, _):
        await asyncio.sleep(0)
        await lives.create()
        await eventually(lambda: log.text == b"one\n")


async def test_following_ends_when_the_container_will_not_write_any_more(lives: Lives) -> None:
    await lives.create("echo one && exit 0")

    async with following(lives) as (log, task):
        await eventually(lambda: log.text == b"one\n")
        lives.wanted = False
        lives.pulse.beat()
        await asyncio.wait_for(task, 5)


async def test_following_outlives_a_lost_engine(lives: Lives) -> None:
    await lives.create()
    lives.engine.fail("logs", EngineLost("no answer"))

    async with following(lives) as (log, _):
        await eventually(lambda: lives.engine.calls["logs"] == 1)
        lives.pulse.beat()
        await eventually(lambda: log.text == b"one\n")


async def test_who_does_not_follow_is_told_of_a_lost_engine(lives: Lives) -> None:
    await lives.create()
    lives.engine.fail("logs", Missing("no such container"))

    with pytest.raises(Missing):
        await all_of(lives, LogRequest())


async def test_the_socket_answers_with_text_and_json(lives: Lives, tmp_path: Path) -> None:
    container = await lives.create("echo one && echo two && sleep")

    async with answering(lives, tmp_path) as session:
        async with session.get("/containers/blog/web/log?tailLines=1") as answer:
            text, kind = await answer.text(), answer.content_type
        async with session.get("/containers/blog/web/engine") as answer:
            inspected = await answer.json()

    assert (text, kind) == ("two\n", "text/plain")
    assert inspected["Id"] == container


async def test_the_socket_is_for_its_own_user_only(lives: Lives, tmp_path: Path) -> None:
    async with answering(lives, tmp_path):
        mode = (tmp_path / "node.sock").stat().st_mode

    assert mode & 0o077 == 0


async def test_the_socket_of_another_agent_is_not_taken_over(lives: Lives, tmp_path: Path) -> None:
    await lives.create()

    async with answering(lives, tmp_path) as session:
        with pytest.raises(SocketTaken, match="already answers"):
            await AgentApi(lives.engine, lives, tmp_path / "node.sock").run(asyncio.Event())
        async with session.get("/containers/blog/web/engine") as answer:
            assert answer.status == 200


WRONG = [
    ("/containers/blog/other/log", 404, "blog/other"),
    ("/containers/blog/other/engine", 404, "blog/other"),
    ("/containers/blog/web/log?tailLines=many", 400, "tailLines"),
    ("/containers/blog/web/log?sinceTime=yesterday", 400, "sinceTime"),
]


@pytest.mark.parametrize(("path", "code", "named"), WRONG, ids=[row[0][-12:] for row in WRONG])
async def test_what_makes_no_sense_is_said_in_a_sentence(
    lives: Lives, tmp_path: Path, path: str, code: int, named: str
) -> None:
    await lives.create()

    async with answering(lives, tmp_path) as session, session.get(path) as answer:
        assert answer.status == code
        assert named in await answer.text()


async def test_an_engine_that_does_not_answer_is_unavailable(lives: Lives, tmp_path: Path) -> None:
    await lives.create()
    lives.engine.fail("raw", EngineLost("no answer"))

    async with answering(lives, tmp_path) as session, session.get("/containers/blog/web/engine") as answer:
        assert answer.status == 503


async def test_an_agent_that_does_not_know_its_engine_yet_does_not_say_that_there_is_nothing(
    lives: Lives, tmp_path: Path
) -> None:
    lives.known = lives.wanted = False

    async with answering(lives, tmp_path) as session:
        async with session.get("/containers/blog/web/log?follow=true") as answer:
            early = answer.status
        lives.known = True
        async with session.get("/containers/blog/web/log?follow=true") as answer:
            late = answer.status

    assert (early, late) == (503, 404)


async def test_a_log_that_cannot_be_read_says_why(lives: Lives, tmp_path: Path) -> None:
    await lives.create()
    says = "configured logging driver does not support reading"
    lives.engine.fail("logs", Refused(says), times=2)

    async with answering(lives, tmp_path) as session:
        async with session.get("/containers/blog/web/log") as answer:
            code, text = answer.status, await answer.text()
        async with session.get("/containers/blog/web/log?follow=true") as answer:
            followed = await answer.text()

    assert (code, text, followed) == (500, says, f"{says}\n")


async def test_lines_come_as_they_are_written_and_leaving_ends_the_reading(lives: Lives, tmp_path: Path) -> None:
    container = await lives.create()

    async with answering(lives, tmp_path) as session:
        async with session.get("/containers/blog/web/log?follow=true&sinceTime=2026-01-01T00:00:00Z") as answer:
            first = await answer.content.readline()
            lives.engine.write(container, "two")
            second = await answer.content.readline()
        async with session.get("/containers/blog/web/log") as answer:
            again = await answer.text()

    assert (first, second, again) == (b"one\n", b"two\n", "one\ntwo\n")
