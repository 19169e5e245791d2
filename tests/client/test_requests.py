"""Requests and what is done when they fail, against a server with faults, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from fizz.client.api import (
    AlreadyExists,
    ApiError,
    Client,
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    ServerError,
    TooManyRequests,
    Unavailable,
)
from fizz.client.requests import pause
from fizz.client.testing import elapse, virtual_time
from fizz.schemas.core import ConfigMap
from fizz.schemas.meta import ObjectMeta
from tests.client.fake_server import FakeServer, config_map

MOTD = ConfigMap(metadata=ObjectMeta(name="motd", namespace="blog"), data={"text": "hello"})
PATH = "/api/v1/namespaces/blog/configmaps"


@virtual_time
async def test_a_read_waits_for_a_server_that_restarts(tmp_path: Path) -> None:
    fake = FakeServer(tmp_path)
    fake.commit(("ADDED", config_map("motd")))
    async with fake.client() as client:
        reading = asyncio.create_task(client.get(ConfigMap, "motd", "blog"))
        await elapse(5)
        assert not reading.done()
        async with fake:
            assert (await reading).name == "motd"


@virtual_time
async def test_a_lost_server_and_its_return_are_told_once(tmp_path: Path) -> None:
    told: list[Unavailable | None] = []
    fake = FakeServer(tmp_path)
    fake.commit(("ADDED", config_map("motd")))
    async with fake.client(on_connection=told.append) as client:
        reading = asyncio.create_task(client.get(ConfigMap, "motd", "blog"))
        await elapse(5)
        assert len(told) == 1
        assert "no server answers there" in str(told[0])
        async with fake:
            await reading
            await client.get(ConfigMap, "motd", "blog")
    assert told[1:] == [None]


@virtual_time
async def test_a_write_waits_for_a_server_that_surely_did_not_get_it(tmp_path: Path) -> None:
    fake = FakeServer(tmp_path)
    async with fake.client() as client:
        writing = asyncio.create_task(client.create(MOTD))
        await elapse(5)
        async with fake:
            assert (await writing).name == "motd"
    assert [seen.method for seen in fake.seen] == ["POST"]


@virtual_time
async def test_patience_ends_after_the_time_that_was_given(tmp_path: Path) -> None:
    async with FakeServer(tmp_path).client(retry_for=3) as client:
        with pytest.raises(Unavailable, match="no server answers there") as caught:
            await client.get(ConfigMap, "motd", "blog")

    assert not caught.value.sent
    assert isinstance(caught.value.__cause__, OSError)
    assert 2 < asyncio.get_running_loop().time() <= 3


@virtual_time
async def test_a_read_whose_answer_was_lost_is_repeated(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("motd")))
        fake.refusals.append((0, {}))

        assert (await client.get(ConfigMap, "motd", "blog")).name == "motd"
    assert len(fake.seen) == 2


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda client: client.create(MOTD), id="create"),
        pytest.param(lambda client: client.update(MOTD), id="update"),
        pytest.param(lambda client: client.patch(ConfigMap, "motd", {"data": {}}, "blog"), id="patch"),
        pytest.param(lambda client: client.delete(ConfigMap, "motd", "blog"), id="delete"),
    ],
)
@virtual_time
async def test_a_write_whose_answer_was_lost_is_not_repeated(
    tmp_path: Path, write: Callable[[Client], Awaitable[object]]
) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("other")))
        await client.get(ConfigMap, "other", "blog")  # so that the write goes over a connection that was in use
        fake.refusals.append((0, {}))
        with pytest.raises(Unavailable) as caught:
            await write(client)

    assert caught.value.sent
    assert len(fake.seen) == 2


@virtual_time
async def test_too_many_requests_is_obeyed_to_the_second(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.refusals += [(429, {"Retry-After": "2"}), (429, {"Retry-After": "3"})]
        began = asyncio.get_running_loop().time()
        await client.create(MOTD)

        assert 5 <= asyncio.get_running_loop().time() - began <= 5.5
    assert len(fake.seen) == 3


@virtual_time
async def test_an_unpleasant_answer_is_no_reason_to_ask_again(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.refusals.append((500, {}))
        with pytest.raises(ServerError, match="Refused on purpose"):
            await client.list(ConfigMap)

    assert len(fake.seen) == 1


def test_a_socket_that_is_not_ours_is_hopeless() -> None:
    shut = Unavailable("permission denied", sent=False, hopeless=True)

    assert pause(shut, "GET", 0) is None


@pytest.mark.parametrize(
    ("error", "method", "failures", "expected"),
    [
        pytest.param(Unavailable("", sent=False), "POST", 0, 0.05, id="not sent"),
        pytest.param(Unavailable("", sent=False), "POST", 9, 1.0, id="not sent, again and again"),
        pytest.param(Unavailable("", sent=True), "GET", 1, 0.1, id="read, answer lost"),
        pytest.param(Unavailable("", sent=True), "PUT", 1, None, id="write, answer lost"),
        pytest.param(Unavailable("", retry_after=7), "GET", 1, 7, id="503 with Retry-After"),
        pytest.param(TooManyRequests("", retry_after=7), "POST", 0, 7, id="429 with Retry-After"),
        pytest.param(TooManyRequests(""), "POST", 0, 0.05, id="429 without"),
        pytest.param(ServerError(""), "GET", 0, None, id="500"),
        pytest.param(Conflict(""), "PUT", 0, None, id="409"),
    ],
)
def test_what_is_worth_trying_again(error: ApiError, method: str, failures: int, expected: float | None) -> None:
    assert pause(error, method, failures) == expected


@virtual_time
async def test_refusals_become_errors(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        with pytest.raises(NotFound) as caught:
            await client.get(ConfigMap, "motd", "blog")
        await client.create(MOTD)
        with pytest.raises(AlreadyExists):
            await client.create(MOTD)
        for code, expected in ((403, Forbidden), (409, Conflict), (410, Gone), (504, Unavailable)):
            fake.refusals.append((code, {}))
            with pytest.raises(expected):
                await client.update(MOTD)

    assert (caught.value.code, caught.value.reason, str(caught.value)) == (404, "NotFound", "NotFound on purpose")


@pytest.mark.parametrize("endpoint", ["/run/fizz.sock", "unix://", "ftp://x"])
def test_an_address_that_is_none_is_refused_at_once(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"write unix:///path or http://host:port"):
        Client(endpoint)


@virtual_time
async def test_the_token_and_the_name_are_sent(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client(token="s3cret", user_agent="backup/1.0") as client:
        await client.list(ConfigMap)

    assert fake.seen[0].headers["Authorization"] == "Bearer s3cret"
    assert fake.seen[0].headers["User-Agent"] == "backup/1.0"
