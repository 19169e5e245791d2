"""Watches: from where, in which form, for whom; and how they end."""

import asyncio
from typing import Any

import cbor2
import pytest

from fizz.apiserver.kinds import codec
from fizz.apiserver.rest import watching

MAPS = "/api/v1/namespaces/blog/configmaps"
DEPLOYMENTS = "/apis/fizz.dev/v1/namespaces/blog/deployments"
SSE = {"accept": "text/event-stream"}


@pytest.fixture(autouse=True)
async def namespace(api: Any) -> None:
    await api.namespace()


async def test_a_watch_begins_with_what_is_there(api: Any) -> None:
    await api.config_map("a", {})
    async with api.watch(MAPS, watch="1") as stream:
        kind, item = await stream.event()
        assert (kind, item["metadata"]["name"]) == ("ADDED", "a")
        await api.patch(f"{MAPS}/a", {"data": {"k": "1"}})
        kind, item = await stream.event()
        assert (kind, item["data"]) == ("MODIFIED", {"k": "1"})
        await api.delete(f"{MAPS}/a")
        kind, item = await stream.event()
        assert kind == "DELETED"
        assert item["metadata"]["resourceVersion"] == str(api.store.revision)


async def test_a_watch_from_a_version_replays_and_goes_on(api: Any) -> None:
    first = await api.config_map("a", {})
    await api.config_map("b", {})
    async with api.watch(MAPS, watch="true", resourceVersion=first["metadata"]["resourceVersion"]) as stream:
        assert (await stream.event())[1]["metadata"]["name"] == "b"
        await api.config_map("c", {})
        assert (await stream.event())[1]["metadata"]["name"] == "c"


async def test_other_namespaces_and_kinds_are_not_seen(api: Any) -> None:
    await api.namespace("other")
    async with api.watch(MAPS, watch="1", resourceVersion=str(api.store.revision)) as stream:
        await api.config_map("x", {}, "other")
        await api.post("/api/v1/namespaces/blog/secrets", {"metadata": {"name": "s"}})
        await api.config_map("mine", {})
        assert (await stream.event())[1]["metadata"]["name"] == "mine"


async def test_a_selector_sees_its_selection_change(api: Any) -> None:
    async with api.watch(MAPS, watch="1", labelSelector="on", resourceVersion=str(api.store.revision)) as stream:
        await api.config_map("a", {})
        await api.patch(f"{MAPS}/a", {"metadata": {"labels": {"on": ""}}})
        assert (await stream.event())[0] == "ADDED"
        await api.patch(f"{MAPS}/a", {"data": {"k": "1"}})
        assert (await stream.event())[0] == "MODIFIED"
        await api.patch(f"{MAPS}/a", {"metadata": {"labels": None}, "data": {"k": "2"}})
        kind, item = await stream.event()
        assert kind == "DELETED"
        assert item["metadata"]["resourceVersion"] == str(api.store.revision)
        assert item["data"] == {"k": "1"}


async def test_a_name_selector_watches_one_object(api: Any) -> None:
    async with api.watch(MAPS, watch="1", fieldSelector="metadata.name=b", resourceVersion="0") as stream:
        await api.config_map("a", {})
        await api.config_map("b", {})
        assert (await stream.event())[1]["metadata"]["name"] == "b"


async def test_a_streaming_list_ends_with_a_bookmark(api: Any) -> None:
    await api.config_map("a", {})
    query = {"watch": "true", "sendInitialEvents": "true", "allowWatchBookmarks": "true"}
    async with api.watch(MAPS, resourceVersionMatch="NotOlderThan", **query) as stream:
        assert (await stream.event())[0] == "ADDED"
        kind, item = await stream.event()
        assert kind == "BOOKMARK"
        assert item["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert item["metadata"]["resourceVersion"] == str(api.store.revision)


async def test_a_time_out_ends_the_stream_behind_a_bookmark(api: Any) -> None:
    async with api.watch(MAPS, watch="1", timeoutSeconds="1", allowWatchBookmarks="1") as stream:
        assert (await stream.event())[0] == "BOOKMARK"
        with pytest.raises(EOFError):
            await stream.line()


async def test_a_version_too_old_is_gone(api: Any) -> None:
    await api.config_map("a", {})
    await api.store.compact(api.store.revision)
    async with api.watch(MAPS, watch="1", resourceVersion="1") as stream:
        kind, status = await stream.event()
        assert (kind, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
        with pytest.raises(EOFError):
            await stream.line()


async def test_a_slow_reader_that_compaction_overtakes_is_told(api: Any) -> None:
    async with api.watch(MAPS, watch="1", resourceVersion=str(api.store.revision), slow=True) as stream:
        await api.config_map("a", {})
        await asyncio.sleep(0)
        await api.config_map("b", {})
        await api.store.compact(api.store.revision)
        stream.flowing.set()
        seen = [await stream.event()]
        while seen[-1][0] == "ADDED":
            seen.append(await stream.event())
    assert seen[-1][0] == "ERROR"
    assert seen[-1][1]["code"] == 410
    with pytest.raises(EOFError):
        await stream.line()


async def test_an_event_source_is_told_of_a_gap_in_the_stream(api: Any) -> None:
    await api.config_map("a", {})
    await api.store.compact(api.store.revision)
    async with api.watch(MAPS, headers={**SSE, "last-event-id": "1"}) as stream:
        event = await stream.sse()
        assert event["event"] == "ERROR"
        assert '"code":410' in event["data"]
        assert event["id"] == str(api.store.revision)


async def test_server_sent_events_resume_behind_the_last_one(api: Any) -> None:
    async with api.watch(MAPS, headers=SSE) as stream:
        await api.config_map("a", {})
        event = await stream.sse()
        assert event["event"] == "ADDED"
        assert event["id"] == str(api.store.revision)
    await api.config_map("b", {})
    async with api.watch(MAPS, headers={**SSE, "last-event-id": event["id"]}) as stream:
        assert '"name":"b"' in (await stream.sse())["data"]


async def test_events_of_one_transaction_are_resumed_inside(api: Any) -> None:
    operations = [
        {
            "verb": "create",
            "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": n, "namespace": "blog"}},
        }
        for n in ("a", "b", "c")
    ]
    start = str(api.store.revision)
    body = {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": operations}
    answer = await api.post("/apis/fizz.dev/v1/transactions", body)
    revision = answer.json["metadata"]["resourceVersion"]
    async with api.watch(MAPS, headers={**SSE, "last-event-id": start}) as stream:
        marks = [(await stream.sse())["id"] for _ in range(3)]
    assert marks == [f"{revision}.0", f"{revision}.1", revision]
    async with api.watch(MAPS, headers={**SSE, "last-event-id": marks[0]}) as stream:
        seen = [(await stream.sse())["data"] for _ in range(2)]
    assert '"name":"b"' in seen[0]
    assert '"name":"c"' in seen[1]


async def test_many_kinds_in_one_watch_in_order(api: Any) -> None:
    query = {"resource": ["configmaps", "secrets"], "namespace": "blog", "resourceVersion": str(api.store.revision)}
    async with api.watch("/watch", **query) as stream:
        await api.post("/api/v1/namespaces/blog/secrets", {"metadata": {"name": "s"}})
        await api.config_map("c", {})
        assert [(await stream.event())[1]["kind"] for _ in range(2)] == ["Secret", "ConfigMap"]
    assert (await api.get("/watch", resource="pods")).code == 400


async def test_a_table_watch_defines_its_columns_once(api: Any) -> None:
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    await api.config_map("a", {})
    async with api.watch(MAPS, headers=accept, watch="1") as stream:
        await api.config_map("b", {})
        first, second = (await stream.event())[1], (await stream.event())[1]
        assert first["columnDefinitions"]
        assert not second["columnDefinitions"]
        assert second["rows"][0]["cells"][0] == "b"


async def test_a_shutdown_ends_watches_cleanly(api: Any) -> None:
    async with api.watch(MAPS, watch="1") as lines, api.watch(MAPS, headers=SSE) as events:
        await api.config_map("a", {})
        await lines.event()
        await events.sse()
        api.app.service.end_streams()
        for stream in (lines, events):
            with pytest.raises(EOFError):
                await stream.line()


async def test_a_watch_that_comes_amid_a_shutdown_ends_at_once(api: Any) -> None:
    api.app.service.end_streams()
    async with api.watch(MAPS, watch="1", resourceVersion=str(api.store.revision)) as stream:
        with pytest.raises(EOFError):
            await stream.line()


async def test_a_client_that_hangs_up_is_forgotten(api: Any) -> None:
    async with api.watch(MAPS, watch="1"):
        await asyncio.sleep(0)
    assert len(api.app.service._context.streams) == 0


async def test_one_frame_is_made_for_all_watchers(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = codec.splice_version

    def counted(value: bytes, revision: int) -> bytes:
        made.append(revision)
        return original(value, revision)

    monkeypatch.setattr(codec, "splice_version", counted)
    version = str(api.store.revision)
    async with (
        api.watch(MAPS, watch="1", resourceVersion=version) as one,
        api.watch(MAPS, watch="1", resourceVersion=version) as two,
    ):
        await api.config_map("a", {})
        assert await one.line() == await two.line()
    assert len(made) == 1


async def test_a_bookmark_comes_though_only_others_change(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_INTERVAL", 0.05)
    query = {"watch": "1", "labelSelector": "never", "allowWatchBookmarks": "1"}
    async with api.watch(MAPS, resourceVersion=str(api.store.revision), **query) as stream:
        await api.config_map("a", {})
        kind, item = await stream.event()
        assert (kind, item["metadata"]["resourceVersion"]) == ("BOOKMARK", str(api.store.revision))


async def test_a_watch_in_cbor_is_a_sequence_of_items(api: Any) -> None:
    async with api.watch(MAPS, watch="true", headers={"accept": "application/cbor-seq"}) as stream:
        await api.config_map("a", {})
        frame = cbor2.loads(await stream.chunk())
    assert (frame["type"], frame["object"]["metadata"]["name"]) == ("ADDED", "a")
