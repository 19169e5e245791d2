"""Events in both versions: one object, two ways to write it."""

from typing import Any

OLD, NEW = "/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events"


def new_event(**fields: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "a"},
        "eventTime": "2026-01-31T09:30:00.000000Z",
        "reportingController": "example.com/c",
        "reportingInstance": "c-1",
        "action": "Watching",
        "reason": "Seen",
        "type": "Normal",
        "note": "it was seen",
        "regarding": {"kind": "ConfigMap", "name": "x", "namespace": "default"},
        **fields,
    }


async def test_an_event_of_the_newer_version_is_one_of_the_older(api: Any) -> None:
    made = await api.post(NEW, new_event())
    assert made.code == 201
    old = (await api.get(f"{OLD}/a")).json
    assert (old["apiVersion"], old["message"], old["reportingComponent"]) == ("v1", "it was seen", "example.com/c")
    assert old["involvedObject"]["name"] == "x"
    found = await api.get(OLD, fieldSelector="involvedObject.name=x")
    assert len(found.json["items"]) == 1


async def test_an_event_of_the_older_version_is_one_of_the_newer(api: Any) -> None:
    body = {"metadata": {"name": "b"}, "involvedObject": {"namespace": "default"}, "message": "m", "count": 3}
    assert (await api.post(OLD, body)).code == 201
    new = (await api.get(f"{NEW}/b")).json
    assert (new["apiVersion"], new["note"], new["deprecatedCount"]) == ("events.k8s.io/v1", "m", 3)


async def test_a_watch_shows_events_in_its_own_version(api: Any) -> None:
    async with api.watch(NEW, watch="true") as new, api.watch(OLD, watch="true") as old:
        await api.post(NEW, new_event())
        assert (await new.event())[1]["note"] == "it was seen"
        assert (await old.event())[1]["message"] == "it was seen"


async def test_who_writes_in_the_newer_version_says_who_did_what(api: Any) -> None:
    answer = await api.post(NEW, new_event(action="", deprecatedCount=1))
    assert answer.code == 422
    assert [each["field"] for each in answer.json["details"]["causes"]] == ["action", "deprecatedCount"]
