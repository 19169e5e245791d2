from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.controllers.releases.plan import Remove, SetStatus, World, plan
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.jobs import Job
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.releases import Release, ReleaseResource, ReleaseSpec, ReleaseStatus

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def release(
    number: int, *, deployments: tuple[str, ...] = ("web",), revisions: tuple[str, ...] = (), **status: Any
) -> Release:
    resources = [
        ReleaseResource(api_version="fizz.dev/v1", kind="Deployment", name=name, digest="d") for name in deployments
    ]
    resources += [
        ReleaseResource(api_version="v1", kind="Secret", name=name.partition(".")[0], digest="d", revision=name)
        for name in revisions
    ]
    spec = ReleaseSpec(project="shop", number=number, digest=str(number), resources=resources, manifest="")
    made = Release(metadata=ObjectMeta(name=f"v{number}", namespace="shop"), spec=spec)
    made.status = ReleaseStatus(**status) if status else None
    return made


def deployment(name: str = "web", reason: str = "Complete", *, seen: bool = True, source: str = "") -> Deployment:
    bad = reason not in {"Complete", "Updating", "WaitingForDependency"}
    condition = {"type": "Progressing", "status": "False" if bad else "True", "reason": reason, "message": f"{reason}!"}
    status: dict[str, Any] = {"observedGeneration": 2 if seen else 1, "conditions": [condition]}
    if source:
        status["observedSources"] = [{"kind": "Secret", "name": "pw", "resourceVersion": source}]
    metadata = {"name": name, "namespace": "shop", "generation": 2}
    return Deployment.load({"metadata": metadata, "spec": {"template": {"spec": {"image": "x"}}}, "status": status})


def secret(name: str, *, revision: bool = True) -> Secret:
    own = {labels.RELEASES_OF: "shop", **({labels.REVISION_OF: name.partition(".")[0]} if revision else {})}
    return Secret(metadata=ObjectMeta(name=name, namespace="shop", labels=own))


def phases(world: World) -> dict[str, str | None]:
    return {action.release.name: action.status.phase for action in plan(world, NOW) if isinstance(action, SetStatus)}


WEB = ("Deployment", "web")
PASSWORD = {("Secret", "pw"): "8"}


@pytest.mark.parametrize(
    ("found", "versions", "phase"),
    [
        pytest.param(None, {}, "Progressing", id="nothing there"),
        pytest.param(deployment(), {}, "Deployed", id="complete"),
        pytest.param(deployment(seen=False), {}, "Progressing", id="an older generation was complete"),
        pytest.param(deployment(reason="Updating"), {}, "Progressing", id="updating"),
        pytest.param(deployment(reason="ReplicaFailed"), {}, "Failed", id="failed"),
        pytest.param(deployment(reason="ReplicaFailed", seen=False), {}, "Progressing", id="had failed before"),
        pytest.param(deployment(source="7"), PASSWORD, "Progressing", id="an older content was complete"),
        pytest.param(deployment(source="8"), PASSWORD, "Deployed", id="the present content is"),
    ],
)
def test_the_newest_release_is_what_its_deployments_are(
    found: Deployment | None, versions: Mapping[tuple[str, str], str], phase: str
) -> None:
    deployments = {("Deployment", "web"): found} if found else {}

    assert phases(World([release(1)], deployments, versions)) == {"v1": phase}


@pytest.mark.parametrize(
    ("condition", "phase"),
    [
        pytest.param(None, "Progressing", id="at it"),
        pytest.param("Complete", "Deployed", id="succeeded"),
        pytest.param("Failed", "Failed", id="failed"),
    ],
)
def test_jobs_have_to_succeed(condition: str | None, phase: str) -> None:
    made = release(1)
    made.spec.resources.append(ReleaseResource(api_version="fizz.dev/v1", kind="Job", name="migrate", digest="d"))
    conditions = [{"type": condition, "status": "True"}] if condition else []
    spec = {"template": {"spec": {"image": "x"}}}
    status = {"observedGeneration": 2, "conditions": conditions}
    job = Job.load({"metadata": {"name": "migrate", "generation": 2}, "spec": spec, "status": status})

    assert phases(World([made], {WEB: deployment(), ("Job", "migrate"): job})) == {"v1": phase}


def test_when_it_was_deployed_first_is_remembered() -> None:
    (first,) = plan(World([release(1)], {WEB: deployment()}), NOW)
    earlier = NOW - timedelta(days=1)
    (later,) = plan(World([release(1, phase="Failed", deployed_at=earlier)], {WEB: deployment()}), NOW)

    assert isinstance(first, SetStatus)
    assert isinstance(later, SetStatus)
    assert first.status.deployed_at == NOW
    assert (later.status.phase, later.status.deployed_at) == ("Deployed", earlier)


def test_older_ones_are_superseded_but_what_failed_stays_failed() -> None:
    world = World(
        [release(1, phase="Deployed"), release(2, phase="Failed"), release(3), release(4, phase="Deployed")],
        {WEB: deployment()},
    )
    known = world.releases[3]
    known.status = ReleaseStatus(phase="Deployed", deployed_at=NOW)

    assert phases(world) == {"v1": "Superseded", "v3": "Superseded"}


def test_a_revision_goes_when_no_release_names_it_and_nothing_else_ever_goes() -> None:
    config = ConfigMap(metadata=ObjectMeta(name="pw.1", namespace="shop", labels={labels.REVISION_OF: "pw"}))
    kept, gone, key = secret("pw.1"), secret("pw.2"), secret("fizz-release-key", revision=False)
    world = World([release(1, revisions=("pw.1",))], {WEB: deployment()}, revisions=[kept, gone, key, config])

    removed = [action.revision for action in plan(world, NOW) if isinstance(action, Remove)]

    assert removed == [gone, config]


REASONS = st.sampled_from(["Complete", "Updating", "ReplicaFailed", "RolledBack", "WaitingForDependency"])


@given(
    numbers=st.lists(st.integers(1, 20), unique=True, max_size=6),
    reasons=st.dictionaries(st.sampled_from(["web", "db"]), REASONS),
    named=st.sets(st.integers(0, 4)),
    there=st.sets(st.integers(0, 6)),
)
def test_a_plan_ends_touches_only_what_is_kept_for_releases_and_leaves_nothing_to_do(
    numbers: list[int], reasons: dict[str, str], named: set[int], there: set[int]
) -> None:
    releases = [
        release(number, deployments=("web", "db"), revisions=tuple(f"pw.{n}" for n in named)) for number in numbers
    ]
    deployments = {("Deployment", name): deployment(name, reason) for name, reason in reasons.items()}
    revisions = [secret(f"pw.{number}") for number in there] + [secret("key", revision=False)]

    for action in plan(World(releases, deployments, revisions=revisions), NOW):
        match action:
            case SetStatus(item, status):
                item.status = status
            case Remove(revision):
                assert revision in revisions
                assert labels.REVISION_OF in revision.labels
                revisions.remove(revision)

    assert plan(World(releases, deployments, revisions=revisions), NOW) == ()
    wanted = {f"pw.{number}" for number in there & named} if releases else set()
    assert {item.name for item in revisions} == {*wanted, "key"}
    newest = max(numbers, default=None)
    assert all((item.status and item.status.phase == "Superseded") == (item.spec.number != newest) for item in releases)
