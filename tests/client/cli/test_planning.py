import copy
from collections.abc import Sequence
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from fizz.client.api import OperationResult
from fizz.client.cli.differences import Change, changes_between
from fizz.client.cli.planning import Step, as_json, lines, steps
from fizz.schemas.types import JSON


def item(kind: str, name: str, spec: JSON | None = None, **more: Any) -> JSON:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{kind}-{name}", "resourceVersion": "7"}
    return {"apiVersion": "fizz.dev/v1", "kind": kind, "metadata": metadata, "spec": spec or {}, **more}


def deployment(name: str, image: str = "shop:1", replicas: int = 1, after: Sequence[str] = (), **spec: Any) -> JSON:
    template = {"spec": {"image": image, **spec}}
    depends = [{"name": other} for other in after]
    return item("Deployment", name, {"replicas": replicas, "dependsOn": depends, "template": template})


def containers(of: JSON, count: int) -> list[JSON]:
    name = of["metadata"]["name"]
    return [
        {
            "kind": "Container",
            "spec": of["spec"]["template"]["spec"],
            "metadata": {
                "name": f"{name}-ab12-{ordinal}",
                "labels": {"fizz.dev/deployment": name, "fizz.dev/ordinal": str(ordinal)},
                "ownerReferences": [{"uid": of["metadata"]["uid"]}],
            },
        }
        for ordinal in range(count)
    ]


def done(verb: Literal["created", "configured", "unchanged", "deleted"], of: JSON) -> OperationResult:
    return OperationResult(verb, of)


def planned(before: list[JSON], results: list[OperationResult], running: Sequence[JSON] = ()) -> list[Step]:
    return steps(before, results, running, ports_shared=False)


def acts(step: Step) -> tuple[str, ...]:
    return tuple(map(str, step.acts))


def test_what_is_as_wanted_gives_no_step() -> None:
    web = deployment("web")

    assert planned([web], [done("unchanged", web)]) == []
    assert lines("shop", []) == ["shop: everything is as wanted"]


def test_new_objects_come_in_the_order_in_which_things_start() -> None:
    web, db, network = deployment("web", replicas=2, after=["db"]), deployment("db"), item("Network", "default")

    found = planned([], [done("created", each) for each in (web, db, network)])

    assert [step.name for step in found] == ["network/default", "deployment/db", "deployment/web"]
    assert [acts(step) for step in found] == [(), ("start db-1",), ("start web-1, web-2 after db",)]


def job(name: str, image: str = "shop:1", after: Sequence[str] = (), **spec: Any) -> JSON:
    template = {"spec": {"image": image}}
    return item("Job", name, {"dependsOn": [{"name": other} for other in after], "template": template, **spec})


def test_jobs_run_in_the_order_of_dependencies_and_schedules_are_told() -> None:
    web, migrate, db = (
        deployment("web", after=["migrate"]),
        job("migrate", after=["db"], completions=2),
        deployment("db"),
    )
    nightly = item("CronJob", "backup", {"schedule": "30 2 * * *", "suspend": True, "timeZone": "Europe/Berlin"})
    spread = job("spread", completionMode="PerNode")

    found = planned([], [done("created", each) for each in (web, migrate, db, nightly, spread)])

    assert [(step.name, acts(step)) for step in found] == [
        ("deployment/db", ("start db-1",)),
        ("job/migrate", ("run migrate-1, migrate-2 after db",)),
        ("job/spread", ("run once on each node",)),
        ("deployment/web", ("start web-1 after migrate",)),
        ("cronjob/backup", ("run at 30 2 * * * (Europe/Berlin), but suspended",)),
    ]


def test_a_job_that_does_something_else_runs_again_and_another_pace_changes_nothing() -> None:
    old = job("migrate", completions=1, parallelism=1)
    ran = containers(old, 1)

    (again,) = planned([old], [done("configured", job("migrate", "shop:2", completions=1, parallelism=1))], ran)
    (paced,) = planned([old], [done("configured", job("migrate", completions=1, parallelism=4))], ran)

    assert acts(again) == ("remove migrate-1", "run migrate-1: a job that changes runs again")
    assert acts(paced) == ()


def test_other_times_of_a_schedule_are_told() -> None:
    def nightly(schedule: str) -> JSON:
        return item("CronJob", "backup", {"schedule": schedule})

    (step,) = planned([nightly("@daily")], [done("configured", nightly("@hourly"))])

    assert [str(change) for change in step.changes] == ["spec.schedule: @daily -> @hourly"]
    assert acts(step) == ("run at @hourly (UTC)",)


def test_an_anonymous_volume_that_is_handed_on_is_why_it_stops_first() -> None:
    old, new = deployment("web"), deployment("web", "shop:2")
    volume = {"target": "/data", "name": "5448"}
    old["status"] = {"replicaVolumes": [{"ordinal": 0, "node": "one", "volumes": [volume]}]}

    (step,) = planned([old], [done("configured", new)], containers(old, 1))

    why = "both would write to the anonymous volume at /data"
    assert acts(step) == (f"replace web-1, 1 at a time, stop first: {why}",)


def test_a_changed_template_says_what_changes_what_is_replaced_and_how() -> None:
    old, new = deployment("web", replicas=2), deployment("web", "shop:2", replicas=2)

    (step,) = planned([old], [done("configured", new)], containers(old, 2))

    assert step.why == "the template changes"
    assert step.changes == (Change("spec.template.spec.image", "shop:1", "shop:2"),)
    assert acts(step) == ("replace web-1, web-2, 1 at a time, start first: two of it do not get in each other's way",)


def test_stop_first_is_said_with_its_reason() -> None:
    mount: dict[str, Any] = {"mounts": [{"type": "volume", "source": "data", "target": "/data"}]}
    old, new = deployment("db", **mount), deployment("db", "shop:2", **mount)

    (step,) = planned([old], [done("configured", new)], containers(old, 1))

    assert acts(step) == ("replace db-1, 1 at a time, stop first: both would write to /data",)


def test_scaling_touches_only_what_is_too_many_or_missing() -> None:
    one, three = deployment("web", replicas=1), deployment("web", replicas=3)

    (up,) = planned([one], [done("configured", three)], containers(one, 1))
    (down,) = planned([three], [done("configured", one)], containers(three, 3))

    assert acts(up) == ("start web-2, web-3: 3 are wanted",)
    assert acts(down) == ("remove web-2, web-3: 1 are wanted",)


def test_what_is_not_in_the_file_any_more_goes_with_its_containers() -> None:
    old = deployment("old")

    (step,) = planned([old], [done("deleted", old)], containers(old, 1))

    assert (step.verb, acts(step)) == ("remove", ("remove old-1",))


def test_values_of_secrets_are_never_told() -> None:
    old, new = item("Secret", "key", data={"k": "aHVzaA=="}), item("Secret", "key", data={"k": "c2lsZW5jZQ=="})

    found = planned([old], [done("configured", new)])

    told = "\n".join(lines("shop", found)) + str(as_json("shop", found))
    assert "data.k" in told
    assert "aHVzaA" not in told
    assert "c2lsZW5jZQ" not in told


def test_a_changed_secret_replaces_the_containers_that_use_it_and_no_others() -> None:
    old = item("Secret", "db-password", data={"db-password": "b25l"})
    new = item("Secret", "db-password", data={"db-password": "dHdv"})
    file = {"name": "db-password", "key": "db-password", "target": "/run/secrets/db-password"}
    web, other = deployment("web", secrets=[file]), deployment("other")
    running = [*containers(web, 1), *containers(other, 1)]

    results = [done("configured", new), done("unchanged", web), done("unchanged", other)]
    found = planned([old, web, other], results, running)

    assert [(step.verb, step.name, step.why) for step in found] == [
        ("change", "secret/db-password", "its content changes"),
        ("replace", "deployment/web", "secret db-password changed"),
    ]
    assert acts(found[1]) == ("replace web-1, 1 at a time, start first: two of it do not get in each other's way",)
    assert lines("shop", found)[-1] == "shop: 1 to change, 1 to replace"


def test_a_change_of_template_and_content_is_one_step_with_both_reasons() -> None:
    old, new = (item("ConfigMap", "site", data={"site": text}) for text in ("one", "two"))
    file = {"name": "site", "key": "site", "target": "/site"}
    before, after = deployment("web", configs=[file]), deployment("web", "shop:2", configs=[file])

    found = planned([old, before], [done("configured", new), done("configured", after)], containers(before, 1))

    assert [(step.verb, step.name, step.why) for step in found] == [
        ("change", "configmap/site", "its content changes"),
        ("change", "deployment/web", "the template changes, configmap site changed"),
    ]


def depending(name: str, on: str, **spec: Any) -> JSON:
    made = deployment(name, **spec)
    made["spec"]["dependsOn"] = [{"name": on, "restart": True}]
    return made


def test_who_follows_restarts_is_restarted_and_who_shares_is_made_anew() -> None:
    old, new = deployment("db"), deployment("db", "shop:2")
    web, cache = depending("web", "db"), depending("cache", "web")
    sidecar, other = deployment("sidecar", networkMode="service:db"), deployment("other", after=["db"])
    there = [web, cache, sidecar, other]
    running = [each for of in (old, *there) for each in containers(of, 1)]

    results = [done("configured", new), *(done("unchanged", each) for each in there)]
    found = planned([old, *there], results, running)

    assert [(step.verb, step.name) for step in found] == [
        ("change", "deployment/db"),
        ("restart", "deployment/web"),
        ("restart", "deployment/cache"),
        ("replace", "deployment/sidecar"),
    ]
    assert acts(found[1]) == ("restart web-1: db is made anew or restarted",)
    assert acts(found[3]) == ("replace sidecar-1: db, which it shares with, is made anew",)


def test_a_part_of_the_project_tells_what_follows_in_the_rest() -> None:
    old, new, web = deployment("db"), deployment("db", "shop:2"), depending("web", "db")

    found = planned([old, web], [done("configured", new)], [*containers(old, 1), *containers(web, 2)])

    assert acts(found[1]) == ("restart web-1, web-2: db is made anew or restarted",)


def test_a_changed_network_says_whom_it_has_to_wait_for() -> None:
    old, new = item("Network", "back"), item("Network", "back", {"internal": True})
    web, other = deployment("web", networks=[{"name": "back"}]), deployment("other", networks=[{"name": "front"}])

    (step,) = planned([old], [done("configured", new)], [*containers(web, 2), *containers(other, 1)])

    assert acts(step) == ("wait for web-1, web-2 to be gone: a network that is in use stays as it is",)


def test_what_was_stopped_is_started() -> None:
    old, new = deployment("web"), deployment("web")
    old["spec"]["desiredState"], new["spec"]["desiredState"] = "Stopped", "Running"

    (step,) = planned([old], [done("configured", new)], containers(old, 1))

    assert acts(step) == ("start web-1: it was stopped",)


def test_programs_read_what_becomes_of_which_container() -> None:
    old, new = deployment("web", replicas=2), deployment("web", replicas=1)

    told = as_json("shop", planned([old], [done("configured", new)], containers(old, 2)))

    assert told["steps"][0]["containers"] == [
        {"action": "remove", "names": ["web-2"], "text": "remove web-2: 1 are wanted"}
    ]


def test_items_of_lists_are_told_by_their_names() -> None:
    old = deployment("web", env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    new = deployment("web", env=[{"name": "B", "value": "3"}, {"name": "C", "value": "4"}])

    assert list(map(str, changes_between(old, new))) == [
        'spec.template.spec.env[A]: {"name": "A", "value": "1"} -> (none)',
        "spec.template.spec.env[B].value: 2 -> 3",
        'spec.template.spec.env[C]: (none) -> {"name": "C", "value": "4"}',
    ]


def test_what_the_server_writes_is_no_change() -> None:
    old = deployment("web")
    new = copy.deepcopy(old)
    new["metadata"].update(resourceVersion="8", generation=3, managedFields=[{}])
    new["status"] = {"replicas": 1}

    assert changes_between(old, new) == []


VALUES = st.recursive(
    st.integers(0, 2) | st.text("ab", max_size=2),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["name", "x", "y"]), below, max_size=3),
    max_leaves=8,
)


@given(old=VALUES, new=VALUES)
def test_there_is_a_change_exactly_where_something_differs(old: Any, new: Any) -> None:
    first, second = item("ConfigMap", "c", {"v": old}), item("ConfigMap", "c", {"v": new})

    found = changes_between(first, second)

    assert bool(found) == (old != new)
    assert all(each.field.startswith("spec.v") for each in found)
