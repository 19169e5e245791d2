"""Talking to a program in a container, from the client through the API server and the node's agent to the engine."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fizz.client.api import BadRequest, NotFound, ServerError, Unavailable
from fizz.client.conversation import Conversation
from fizz.controllers.node.engine import EngineLost, Refused
from fizz.schemas.channels import Ending
from fizz.schemas.execs import ExecRequest
from tests.client.agent_kit import Whole, whole

CAT = ExecRequest(("cat",), stdin=True)


@pytest.fixture
async def all_of_it(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as made:
        yield made


async def heard(talk: Conversation) -> bytes:
    return b"".join([text async for _, text in talk])


async def test_what_is_said_and_how_it_ended_come_back(all_of_it: Whole) -> None:
    request = ExecRequest(("sh", "-c", "echo hi; exit 3"), "u", "/w", ("A=1",), privileged=True, tty=True)

    async with all_of_it.client.converse("web", "blog", request) as talk:
        said = await heard(talk)

    assert (said, talk.ending) == (b"hi\n", Ending(3))
    assert all_of_it.box.executed == [request]


async def test_a_program_gets_what_it_is_given_until_there_is_no_more(all_of_it: Whole) -> None:
    data = bytes(range(256)) * 4000  # more than fits into one message

    async with all_of_it.client.converse("web", "blog", CAT) as talk:
        await talk.resize(24, 80)

        async def give() -> None:
            for start in range(0, len(data), 65_536):
                await talk.write(data[start : start + 65_536])
            await talk.end_input()

        _, said = await asyncio.gather(give(), heard(talk))

    assert (said == data, talk.ending) == (True, Ending(0))
    await talk.write(b"nobody listens any more")


async def test_a_containers_own_program_is_heard_to_its_end(all_of_it: Whole) -> None:
    engine, box = all_of_it.engine, all_of_it.box
    async with all_of_it.client.attach("web", "blog", stdin=False) as talk:
        hearing = asyncio.create_task(heard(talk))
        await asyncio.sleep(0)
        engine.write(box.id, "news")
        engine.crash(box.id, 4)
        said = await hearing

    assert (said, talk.ending) == (b"news\n", Ending(4))


async def test_a_command_can_be_left_to_itself(all_of_it: Whole) -> None:
    await all_of_it.client.execute_detached("web", "blog", ExecRequest(("echo", "hi")))

    assert [each.command for each in all_of_it.box.executed] == [("echo", "hi")]


async def test_a_signal_is_sent(all_of_it: Whole) -> None:
    await all_of_it.client.kill("web", "blog", "SIGKILL")

    assert (all_of_it.box.state, all_of_it.box.exit_code) == ("exited", 137)


async def test_what_cannot_begin_is_refused_with_its_reason(all_of_it: Whole) -> None:
    client = all_of_it.client
    all_of_it.engine.fail("converse", Refused("Container web is not running"))

    with pytest.raises(ServerError, match="Container web is not running"):
        async with client.converse("web", "blog", CAT):
            pass
    with pytest.raises(NotFound, match='"other" not found'):
        async with client.converse("other", "blog", CAT):
            pass
    with pytest.raises(BadRequest, match="command is missing"):
        async with client.converse("web", "blog", ExecRequest(())):
            pass
    all_of_it.engine.fail("attach", EngineLost("no answer"))
    with pytest.raises(Unavailable, match="no answer"):
        async with client.attach("web", "blog", stdin=False):
            pass


async def test_a_server_that_stops_ends_conversations_and_says_that_they_did_not_end(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        talk = await made.client.converse("web", "blog", CAT).__aenter__()
        hearing = asyncio.create_task(heard(talk))
        await talk.write(b"hi")
        await asyncio.sleep(0)

    with pytest.raises(Unavailable, match="the connection was lost"):
        await hearing
