"""From what the engine says to ContainerStatus."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fizz.controllers.node.engine import Endpoint, EngineContainer, PublishedPort
from fizz.controllers.node.status import Trouble, is_final, status_of, was_final
from fizz.schemas.container import Container, ContainerStatus, RestartPolicy
from tests.controllers.node.world import container

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FRONT = {"blog_front": Endpoint("n")}
ENGINE = EngineContainer("id", "blog-web-1", {}, "running", image_id="sha256:x", started_at=NOW, endpoints=FRONT)
ENDED = replace(ENGINE, state="exited", finished_at=NOW + timedelta(seconds=5))


def seen(
    engine: EngineContainer | None,
    trouble: Trouble | None = None,
    *,
    item: Container | None = None,
    from_outside: bool = False,
) -> ContainerStatus:
    wanted = item or container("web")
    return status_of(wanted, engine, trouble, from_outside=from_outside, networks={"blog_front": "front"}, now=NOW)


PHASES: list[tuple[str, EngineContainer | None, Trouble | None, dict[str, Any]]] = [
    ("nothing yet", None, None, {"phase": "Creating", "ready": False}),
    (
        "nothing, and why",
        None,
        Trouble("Pending", "NetworkMissing", "there is none"),
        {"phase": "Pending", "reason": "NetworkMissing", "message": "there is none"},
    ),
    ("waiting only", None, Trouble("Creating", "Pulling"), {"phase": "Creating", "reason": "Pulling", "message": None}),
    ("created", replace(ENGINE, state="created", started_at=None), None, {"phase": "Creating", "exit_code": None}),
    ("running", ENGINE, None, {"phase": "Running", "ready": True, "health": None, "reason": None}),
    ("starting", replace(ENGINE, health="starting"), None, {"phase": "Running", "ready": False, "health": "starting"}),
    ("healthy", replace(ENGINE, health="healthy"), None, {"phase": "Running", "ready": True, "health": "healthy"}),
    (
        "unhealthy",
        replace(ENGINE, health="unhealthy"),
        None,
        {"phase": "Running", "ready": False, "health": "unhealthy", "reason": "Unhealthy"},
    ),
    (
        "paused",
        replace(ENGINE, state="paused", health="healthy"),
        None,
        {"phase": "Running", "ready": False, "health": None, "reason": "Paused"},
    ),
    (
        "out of its network",
        replace(ENGINE, endpoints={}),
        None,
        {"ready": False, "reason": "NetworkDisconnected", "message": "it is not in the network front"},
    ),
    (
        "restarting",
        replace(ENDED, state="restarting", exit_code=1, restart_count=2),
        None,
        {"phase": "Restarting", "exit_code": 1, "restart_count": 2, "reason": "Error"},
    ),
    (
        "crashing soon after each start",
        replace(ENDED, state="restarting", exit_code=1, restart_count=4, started_at=NOW, finished_at=NOW),
        None,
        {"phase": "Restarting", "reason": "CrashLoopBackOff"},
    ),
    (
        "crashed after a stable time",
        replace(ENDED, state="restarting", restart_count=4, started_at=NOW, finished_at=NOW + timedelta(seconds=11)),
        None,
        {"phase": "Restarting", "reason": "Error"},
    ),
    ("succeeded", ENDED, None, {"phase": "Succeeded", "exit_code": 0, "reason": None, "health": None}),
    (
        "failed",
        replace(ENDED, exit_code=3),
        None,
        {"phase": "Failed", "exit_code": 3, "reason": "Error", "message": "it ended with exit code 3"},
    ),
    (
        "out of memory",
        replace(ENDED, exit_code=137, oom_killed=True),
        None,
        {"phase": "Failed", "reason": "OOMKilled", "message": "it ran out of memory"},
    ),
    (
        "failed, whatever else is wrong",
        replace(ENDED, exit_code=3),
        Trouble("Pending", "NetworkMissing", "there is none"),
        {"phase": "Failed", "reason": "Error"},
    ),
    ("being removed", replace(ENDED, state="removing"), None, {"phase": "Stopping"}),
]


@pytest.mark.parametrize(("engine", "trouble", "wanted"), [row[1:] for row in PHASES], ids=[row[0] for row in PHASES])
def test_the_engines_state_becomes_a_phase(
    engine: EngineContainer | None, trouble: Trouble | None, wanted: dict[str, Any]
) -> None:
    status = seen(engine, trouble)

    assert {name: getattr(status, name) for name in wanted} == wanted
    assert status.observed_generation == 1


def test_what_the_engine_knows_is_shown() -> None:
    engine = replace(
        ENGINE,
        endpoints={
            "blog_front": Endpoint("n1", "10.0.0.2"),
            "bridge": Endpoint("n2", "", "fd00::2"),
            "off": Endpoint(),
        },
        ports=(PublishedPort(80, "tcp", "0.0.0.0", 8080),),
        restart_count=2,
    )

    status = seen(engine)

    assert (status.container_id, status.container_name, status.image_id) == ("id", "blog-web-1", "sha256:x")
    assert status.ip_addresses == {"front": "10.0.0.2", "bridge": "fd00::2"}
    assert [port.dump() for port in status.ports or []] == [
        {"containerPort": 80, "protocol": "tcp", "hostIP": "0.0.0.0", "hostPort": 8080}
    ]
    assert (status.started_at, status.restart_count) == (NOW, 2)


def test_what_was_ended_from_outside_is_about_to_be_started() -> None:
    status = seen(replace(ENDED, exit_code=143), Trouble("Creating", "StartFailed", "no"), from_outside=True)

    assert (status.phase, status.reason) == ("Restarting", "StartFailed")


def test_a_deleted_container_is_stopping() -> None:
    item = container("web")
    item.metadata.deletion_timestamp = NOW

    assert (seen(ENGINE, item=item).phase, seen(None, item=item).phase) == ("Stopping", "Stopping")
    assert seen(ENGINE, item=item).ready is False


def test_a_final_status_outlives_the_engines_container() -> None:
    item = container("job")
    item.status = ContainerStatus(phase="Succeeded", exit_code=0, observed_generation=1)

    assert seen(None, item=item) == item.status


def test_the_condition_ready_moves_only_when_ready_does() -> None:
    item = container("web")
    item.status = seen(replace(ENGINE, health="starting"), item=item)
    before = item.status.conditions or []
    later = status_of(item, ENGINE, None, from_outside=False, networks={}, now=NOW + timedelta(seconds=9))
    same = status_of(
        item, replace(ENGINE, health="starting"), None, from_outside=False, networks={}, now=NOW + timedelta(seconds=9)
    )

    assert [(each.type, each.status, each.reason) for each in before] == [("Ready", "False", "starting")]
    assert (later.conditions or [])[0].last_transition_time == NOW + timedelta(seconds=9)
    assert same == item.status


FINAL: list[tuple[str, RestartPolicy | None, int, int, bool]] = [
    ("none, done", None, 0, 0, True),
    ("none, failed", None, 1, 0, True),
    ("no, failed", RestartPolicy(name="no"), 1, 0, True),
    ("on-failure, done", RestartPolicy(name="on-failure"), 0, 0, True),
    ("on-failure, failed", RestartPolicy(name="on-failure"), 1, 9, False),
    ("on-failure, not given up", RestartPolicy(name="on-failure", maximum_retry_count=3), 1, 2, False),
    ("on-failure, given up", RestartPolicy(name="on-failure", maximum_retry_count=3), 1, 3, True),
    ("always", RestartPolicy(name="always"), 0, 0, False),
    ("unless-stopped", RestartPolicy(name="unless-stopped"), 0, 0, False),
]


@pytest.mark.parametrize(("policy", "code", "restarts", "final"), [row[1:] for row in FINAL], ids=[r[0] for r in FINAL])
def test_the_policy_says_whether_an_end_is_final(
    policy: RestartPolicy | None, code: int, restarts: int, final: bool
) -> None:
    ended = replace(ENDED, exit_code=code, restart_count=restarts)

    assert is_final(policy, ended, False) is final
    assert is_final(policy, ended, True) is False
    assert is_final(policy, ENGINE, False) is False


def test_an_end_is_final_only_for_the_generation_that_came_to_it() -> None:
    item = container("job")
    fresh = was_final(item)
    item.status = ContainerStatus(phase="Failed", observed_generation=1)
    ended = was_final(item)
    item.metadata.generation = 2

    assert (fresh, ended, was_final(item)) == (False, True, False)
