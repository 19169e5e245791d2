import pytest

from fizz.controllers.workloads.template import (
    container_name,
    is_orphan_of,
    label_of,
    make_container,
    run_hash,
    template_hash,
    template_of,
)
from fizz.schemas import labels, names
from fizz.schemas.apps import Deployment, Template, TemplateMeta
from fizz.schemas.jobs import JobSpec
from tests.controllers.deployment.simulated import make_deployment

BASE = {"spec": {"image": "busybox", "ports": [{"containerPort": 80}]}}


def test_the_hash_is_the_same_on_every_server_and_for_ever() -> None:
    assert template_hash(Template.load(BASE)) == "30ddd563"


RUN = {"template": BASE, "completions": 3}


def test_a_run_has_the_same_hash_on_every_server_and_for_ever() -> None:
    assert run_hash(JobSpec.load(RUN)) == "74f148b4"


@pytest.mark.parametrize(
    "pace",
    [
        {"parallelism": 3, "backoffLimit": 1, "retryDelay": "1s"},
        {"suspend": True, "activeDeadlineSeconds": 5, "ttlSecondsAfterFinished": 5},
        {"completionMode": "NonIndexed", "dependsOn": [{"name": "db"}]},
    ],
    ids=["retries", "time", "dependencies"],
)
def test_another_pace_is_the_same_run(pace: dict[str, object]) -> None:
    assert run_hash(JobSpec.load({**RUN, **pace})) == run_hash(JobSpec.load(RUN))


@pytest.mark.parametrize(
    "other", [{"completions": 4}, {"completionMode": "Indexed"}, {"template": {"spec": {"image": "alpine"}}}], ids=str
)
def test_what_does_something_else_is_another_run(other: dict[str, object]) -> None:
    assert run_hash(JobSpec.load({**RUN, **other})) != run_hash(JobSpec.load(RUN))


@pytest.mark.parametrize(
    "same",
    [
        pytest.param({"spec": {"image": "busybox", "ports": [{"containerPort": 80, "protocol": "tcp"}]}}, id="tcp"),
        pytest.param({"metadata": {}, **BASE}, id="empty metadata"),
        pytest.param({"spec": {"ports": [{"containerPort": 80}], "image": "busybox", "env": None}}, id="order"),
    ],
)
def test_what_means_the_same_has_the_same_hash(same: dict[str, object]) -> None:
    assert template_hash(Template.load(same)) == template_hash(Template.load(BASE))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"spec": {"image": "alpine", "ports": [{"containerPort": 80}]}}, id="image"),
        pytest.param({"spec": {"image": "busybox", "ports": [{"containerPort": 81}]}}, id="port"),
        pytest.param({"metadata": {"annotations": {"restarted-at": "now"}}, **BASE}, id="annotation"),
        pytest.param({"spec": {"image": "busybox", "ports": [{"containerPort": 80}], "entrypoint": []}}, id="empty"),
    ],
)
def test_what_means_something_else_has_another_hash(other: dict[str, object]) -> None:
    assert template_hash(Template.load(other)) != template_hash(Template.load(BASE))


def test_a_container_carries_labels_owner_and_finalizer() -> None:
    deployment = make_deployment("web")
    deployment.metadata.labels = {labels.PROJECT: "My Blog", "tier": "front"}
    container = make_container(deployment, "0badcafe", 2)

    assert container.name == "web-0badcafe-2"
    assert container.labels == {
        labels.PROJECT: "My Blog",
        labels.DEPLOYMENT: "web",
        labels.ORDINAL: "2",
        labels.TEMPLATE_HASH: "0badcafe",
    }
    (owner,) = container.metadata.owner_references or []
    assert (owner.uid, owner.controller, owner.block_owner_deletion) == ("uid-web", True, True)
    assert container.metadata.finalizers == [labels.FINALIZER_NODE]
    assert is_orphan_of(container, deployment) is False


@pytest.mark.parametrize("own", [None, {labels.PROJECT: "blog"}, {"tier": "x"}], ids=["none", "also inherited", "own"])
@pytest.mark.parametrize("annotations", [None, {"note": "n"}], ids=["plain", "annotated"])
def test_the_template_can_be_told_from_a_container(
    own: dict[str, str] | None, annotations: dict[str, str] | None
) -> None:
    deployment = make_deployment("web")
    deployment.metadata.labels = {labels.PROJECT: "blog"}
    deployment.spec.template.metadata = TemplateMeta(labels=own, annotations=annotations)
    digest = template_hash(deployment.spec.template)
    container = make_container(deployment, digest, 0, started_after="db=uid-1")
    container.spec.node_name = "n1"

    assert template_hash(template_of(container)) == digest


def test_the_longest_names_still_give_valid_names_and_labels() -> None:
    deployment: Deployment = make_deployment("a" * 253)
    name = container_name(deployment, "0badcafe", 9_999)

    assert names.check_name(name) is None
    assert names.check_label_value(label_of(deployment.name)) is None
    assert name != container_name(make_deployment("a" * 252), "0badcafe", 9_999)
