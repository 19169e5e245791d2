"""The recorder of Events, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fizz.client.events import EventRecorder
from fizz.client.testing import elapse, server, virtual_time
from fizz.schemas.base import JSON
from fizz.schemas.core import ConfigMap, Event
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.node import Node
from tests.client.fake_server import FakeServer, config_map

MOTD = ConfigMap(metadata=ObjectMeta(name="motd", namespace="blog", uid="u1", resource_version="7"))
START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def events(fake: FakeServer) -> list[JSON]:
    return [item for (plural, _, _), item in fake.objects.items() if plural == "events"]


def now() -> datetime:
    return datetime.fromtimestamp(START.timestamp() + asyncio.get_running_loop().time(), UTC)


@asynccontextmanager
async def recording(folder: Path, retry_for: float = 10) -> AsyncIterator[tuple[FakeServer, EventRecorder]]:
    async with (
        FakeServer(folder) as fake,
        fake.client(retry_for=retry_for) as client,
        EventRecorder(client, "gardener", "node-1", now=now) as recorder,
    ):
        yield fake, recorder


@virtual_time
async def test_an_event_says_who_saw_what_happen_to_whom_and_when(tmp_path: Path) -> None:
    async with recording(tmp_path) as (fake, recorder):
        recorder.event(MOTD, "Normal", "Watered", "gave it water")

    (event,) = events(fake)
    name = event["metadata"]["name"]
    assert name.startswith("motd.")
    assert len(name) == len("motd.") + 16
    assert event["metadata"]["namespace"] == "blog"
    expected = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "blog", "name": "motd"}
    assert event["involvedObject"] == expected | {"uid": "u1", "resourceVersion": "7"}
    assert event["source"] == {"component": "gardener", "host": "node-1"}
    assert (event["type"], event["reason"], event["message"]) == ("Normal", "Watered", "gave it water")
    assert (event["firstTimestamp"], event["lastTimestamp"], event["count"]) == (*["2026-01-31T09:30:00Z"] * 2, 1)


@virtual_time
async def test_the_same_words_about_the_same_object_are_counted(tmp_path: Path) -> None:
    async with recording(tmp_path) as (fake, recorder):
        for _ in range(3):
            recorder.event(MOTD, "Normal", "Watered", "gave it water")
        await recorder.flush()
        await elapse(60)
        recorder.event(MOTD, "Normal", "Watered", "gave it water")
        recorder.event(MOTD, "Normal", "Watered", "gave it more water")
        recorder.event(config_map("other"), "Normal", "Watered", "gave it water")

    counted = {(event["involvedObject"]["name"], event["message"]): event for event in events(fake)}
    assert {key: event["count"] for key, event in counted.items()} == {
        ("motd", "gave it water"): 4,
        ("motd", "gave it more water"): 1,
        ("other", "gave it water"): 1,
    }
    watered = counted["motd", "gave it water"]
    assert (watered["firstTimestamp"], watered["lastTimestamp"]) == ("2026-01-31T09:30:00Z", "2026-01-31T09:31:00Z")


@virtual_time
async def test_after_ten_quiet_minutes_it_is_another_event(tmp_path: Path) -> None:
    async with recording(tmp_path) as (fake, recorder):
        recorder.event(MOTD, "Normal", "Watered", "gave it water")
        await recorder.flush()
        await elapse(601)
        recorder.event(MOTD, "Normal", "Watered", "gave it water")

    assert [event["count"] for event in events(fake)] == [1, 1]


@virtual_time
async def test_an_event_that_the_server_has_forgotten_is_written_anew(tmp_path: Path) -> None:
    async with recording(tmp_path) as (fake, recorder):
        recorder.event(MOTD, "Normal", "Watered", "gave it water")
        await recorder.flush()
        fake.objects.clear()
        recorder.event(MOTD, "Normal", "Watered", "gave it water")

    assert [event["count"] for event in events(fake)] == [2]


@virtual_time
async def test_events_about_cluster_scoped_objects_live_in_the_default_namespace(tmp_path: Path) -> None:
    async with recording(tmp_path) as (fake, recorder):
        recorder.event(Node(metadata=ObjectMeta(name="node-1")), "Warning", "Dry", "has no water")

    (event,) = events(fake)
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["involvedObject"]


@virtual_time
async def test_a_server_that_refuses_or_is_away_hurts_nobody(tmp_path: Path) -> None:
    async with recording(tmp_path, retry_for=1) as (fake, recorder):
        fake.refusals += [(403, {}), (500, {})]
        for reason in ("Forbidden", "Failed", "Written"):
            recorder.event(MOTD, "Normal", reason, "")
        await recorder.flush()
        await fake.stop()
        recorder.event(MOTD, "Normal", "Lost", "")
        await recorder.flush()

    assert [event["reason"] for event in events(fake)] == ["Written"]


@virtual_time
async def test_what_is_too_much_is_dropped_with_a_word(tmp_path: Path, logs: list[MutableMapping[str, Any]]) -> None:
    async with recording(tmp_path) as (fake, recorder):
        for number in range(1500):
            recorder.event(MOTD, "Normal", "Watered", f"glass {number}")

    assert len(events(fake)) == 1000
    assert [line["dropped"] for line in logs if "dropping" in line["event"]] == [1]


@virtual_time
async def test_closing_does_not_wait_for_ever(tmp_path: Path) -> None:
    async with FakeServer(tmp_path).client(retry_for=1000) as client:
        recorder = EventRecorder(client, "gardener")
        recorder.event(MOTD, "Normal", "Watered", "gave it water")
        await elapse(1)
        await recorder.close()
        await recorder.close()

    assert asyncio.get_running_loop().time() == 3


async def test_the_real_server_takes_them(tmp_path: Path) -> None:
    async with server(tmp_path) as client, EventRecorder(client, "gardener", "node-1") as recorder:
        item = await client.create(ConfigMap(metadata=ObjectMeta(name="motd", namespace="default")))
        recorder.event(item, "Normal", "Watered", "gave it water")
        await recorder.flush()
        recorder.event(item, "Normal", "Watered", "gave it water")
        await recorder.flush()
        found = await client.list(Event, "default", field_selector="involvedObject.name=motd")

    assert [(event.reason, event.count) for event in found.items] == [("Watered", 2)]
