import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from fizz.controllers.deployment.plan import Create, Delete, RollBack
from fizz.controllers.deployment.slots import is_good
from fizz.controllers.workloads.contents import contents_of
from fizz.controllers.workloads.template import container_name, recorded, template_hash, template_of
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.container import ContainerStatus
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.env import EnvVar, KeySelector, ValueFrom
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.mounts import FileProjection
from fizz.schemas.sources import SourceRef
from fizz.schemas.strategy import UpdateStrategy, limits
from tests.controllers.deployment.simulated import SimulatedNamespace, make_deployment

PASSWORD = SourceRef("Secret", "db-password")
STOP_FIRST = UpdateStrategy(order="StopFirst", parallelism=1)


def secret(uid: str = "u-1", version: str = "1", **values: str) -> Secret:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return Secret(metadata=ObjectMeta(name="db-password", uid=uid, resource_version=version), data=data)


def using_secret(replicas: int = 1, strategy: UpdateStrategy | None = None) -> Deployment:
    web = make_deployment("web", replicas=replicas, strategy=strategy)
    web.spec.template.spec.secrets = [FileProjection(name="db-password", key="password", target="/run/secrets/p")]
    return web


def settled(web: Deployment, **values: str) -> SimulatedNamespace:
    world = SimulatedNamespace(web)
    world.sources[PASSWORD] = secret(**values)
    world.settle()
    return world


def test_another_content_replaces_the_containers_by_the_rules_of_an_update_and_says_why() -> None:
    world = settled(using_secret(2, STOP_FIRST), password="old")
    before = world.names
    world.sources[PASSWORD] = secret(password="new")

    first = world.step("web")
    world.settle()

    assert [str(action) for action in first.actions] == [f"delete {before[0]}: secret db-password changed"]
    assert len(world.names) == 2
    assert not {*before} & {*world.names}


def test_with_start_first_the_creation_says_why() -> None:
    world = settled(using_secret(1, UpdateStrategy(order="StartFirst")), password="old")
    world.sources[PASSWORD] = secret(password="new")

    (creation,) = world.step("web").actions

    assert isinstance(creation, Create)
    assert creation.why == "secret db-password changed"


def test_what_is_not_used_may_change_without_a_restart() -> None:
    world = settled(using_secret(), password="same", other="old")
    before = world.names
    changed = secret(version="2", password="same", other="new")
    changed.metadata.labels = {"tier": "y"}
    world.sources[PASSWORD] = changed

    world.settle()

    assert world.names == before


def test_going_back_to_the_old_content_goes_back_to_the_old_names() -> None:
    world = settled(using_secret(), password="old")
    before = world.names
    world.sources[PASSWORD] = secret(password="new")
    world.settle()
    world.sources[PASSWORD] = secret(password="old")
    world.settle()

    assert world.names == before


def test_a_secret_that_goes_missing_stops_nothing_and_restarts_nothing() -> None:
    world = settled(using_secret(2), password="old")
    before = world.names
    del world.sources[PASSWORD]
    world.settle()

    assert world.names == before


def test_a_container_made_while_the_secret_was_missing_is_replaced_when_it_is_there() -> None:
    world = SimulatedNamespace(using_secret())
    world.step("web")
    (waiting,) = world.alive("web")
    world.report(waiting, ContainerStatus.load({"phase": "Pending", "reason": "SecretMissing", "message": "none"}))
    world.sources[PASSWORD] = secret(password="here")
    world.settle()

    (made,) = world.alive("web")
    assert made.name != waiting.name
    assert recorded(made).keys() == {"secret/db-password"}


def test_the_mark_tells_nobody_the_content_who_does_not_know_the_secrets_uid() -> None:
    first, second = (settled(using_secret(), password="hunter2"), SimulatedNamespace(using_secret()))
    second.sources[PASSWORD] = secret(uid="u-2", password="hunter2")
    second.settle()

    (one,), (two,) = first.alive("web"), second.alive("web")
    assert recorded(one)["secret/db-password"] != recorded(two)["secret/db-password"]


def test_variables_and_configs_count_as_well() -> None:
    web = make_deployment("web")
    key = KeySelector(name="settings", key="level")
    web.spec.template.spec.env = [EnvVar(name="LEVEL", value_from=ValueFrom(config_map_key_ref=key))]
    world, ref = SimulatedNamespace(web), SourceRef("ConfigMap", "settings")
    world.sources[ref] = ConfigMap(metadata=ObjectMeta(name="settings", uid="u-1"), data={"level": "info"})
    world.settle()
    world.sources[ref] = ConfigMap(metadata=ObjectMeta(name="settings", uid="u-1"), data={"level": "debug"})

    reasons = [action.why for action in world.step("web").actions if isinstance(action, Create | Delete)]

    assert reasons == ["configmap settings changed"]


def test_the_status_says_which_version_it_speaks_of() -> None:
    world = settled(using_secret(), password="old")
    world.sources[PASSWORD] = secret(version="9", password="old")
    world.step("web")

    status = world.deployment("web").status  # type: ignore[union-attr]  # it is there
    assert status is not None
    assert [(each.kind, each.name, each.resource_version) for each in status.observed_sources or []] == [
        ("Secret", "db-password", "9")
    ]


def test_the_template_of_a_marked_container_is_that_of_its_deployment() -> None:
    web = using_secret()
    world = settled(web, password="old")

    (container,) = world.alive("web")

    assert labels.CONTENTS in (container.metadata.annotations or {})
    assert template_hash(template_of(container)) == template_hash(web.spec.template)


def test_contents_that_do_not_work_halt_the_update_and_roll_no_template_back() -> None:
    strategy = UpdateStrategy(order="StartFirst", parallelism=1, failure_action="Rollback")
    world = settled(using_secret(2, strategy), password="old")
    before = world.names
    world.sources[PASSWORD] = secret(password="bad")
    world.step("web")
    (new,) = (item for item in world.alive("web") if item.name not in before)
    world.report(new, ContainerStatus.load({"phase": "Failed", "exitCode": 1}))

    made = world.step("web")

    assert not any(isinstance(action, RollBack) for action in made.actions)
    assert {*before} < {*world.names}


TURNS = st.lists(
    st.sampled_from(["controller", "agent", "one starts", "all start", "content", "template", "missing", "back"]),
    max_size=30,
)
STRATEGIES = st.builds(
    UpdateStrategy,
    order=st.sampled_from(["StartFirst", "StopFirst"]),
    parallelism=st.sampled_from([None, 0, 1, 2, "50%"]),
)


@settings(max_examples=150, deadline=None)
@given(strategy=STRATEGIES, replicas=st.integers(1, 5), turns=TURNS)
def test_whatever_changes_in_between_the_last_template_and_content_win_and_limits_are_kept(
    strategy: UpdateStrategy, replicas: int, turns: list[str]
) -> None:
    world = settled(using_secret(replicas, strategy), password="0")
    bound = limits(strategy, strategy.order or "StartFirst", replicas)
    kept = world.sources[PASSWORD]
    for number, turn in enumerate(turns):
        coming = [item for item in world.alive("web") if item.status is None]
        match turn:
            case "controller":
                world.step("web")
            case "agent":
                world.remove_deleted()
            case "content":
                kept = world.sources[PASSWORD] = secret(password=f"{number % 3}")
            case "template":
                web = using_secret(replicas, strategy)
                web.spec.template.spec.image = f"image-{number % 3}"
                world.apply(web)
            case "missing":
                world.sources.pop(PASSWORD, None)
            case "back":
                world.sources[PASSWORD] = kept
        for item in coming[: {"one starts": 1, "all start": None}.get(turn, 0)]:
            world.run(item)
        staying = [item for item in world.alive("web") if item.metadata.deletion_timestamp is None]
        assert sum(map(is_good, staying)) >= replicas - bound.unavailable
    world.sources[PASSWORD] = kept
    world.settle()

    web = world.deployment("web")  # type: ignore[assignment]  # it is there
    digest = template_hash(web.spec.template, contents_of(world, web))
    assert world.names == sorted(container_name(web, digest, ordinal) for ordinal in range(replicas))
    assert world.step("web").actions == ()


@settings(max_examples=60, deadline=None)
@given(replicas=st.integers(1, 4), gone_first=st.booleans(), steps=st.integers(1, 5))
def test_a_missing_secret_alone_never_makes_a_plan_do_anything(replicas: int, gone_first: bool, steps: int) -> None:
    world = settled(using_secret(replicas), password="x", other="y")
    if not gone_first:
        world.sources[PASSWORD] = secret(password="x")
        world.step("web")
    del world.sources[PASSWORD]

    assert all(world.step("web").actions == () for _ in range(steps))
