import pytest

from fizz.schemas import labels
from fizz.schemas.apps import DeploymentStatus, ReplicaVolumes, Template
from fizz.schemas.container import Container, ContainerSpec
from fizz.schemas.inheritance import handed_on, inheritance_of, inherited
from fizz.schemas.mounts import AnonymousVolume

DATA = AnonymousVolume(target="/data", name="5448")
RECORD = ReplicaVolumes(ordinal=1, node="one", volumes=[DATA])


def template(renewed_at: str | None = None) -> Template:
    annotations = {labels.VOLUMES_RENEWED_AT: renewed_at} if renewed_at else {}
    return Template.load({"metadata": {"annotations": annotations}, "spec": ContainerSpec(image="x").dump()})


def test_what_is_written_is_what_is_read() -> None:
    heritage = inheritance_of([RECORD], template(), 1)
    assert heritage is not None
    metadata = {"name": "web", "annotations": {labels.INHERITED_VOLUMES: heritage.written()}}

    assert inherited(Container.load({"metadata": metadata, "spec": {"image": "x"}})) == heritage


@pytest.mark.parametrize("text", ["", "{", '{"node": 3}', "[]"])
def test_an_annotation_that_makes_no_sense_is_none(text: str) -> None:
    metadata = {"name": "web", "annotations": {labels.INHERITED_VOLUMES: text}}

    assert inherited(Container.load({"metadata": metadata, "spec": {"image": "x"}})) is None


def test_only_the_same_replica_with_the_same_mark_inherits() -> None:
    assert inheritance_of([RECORD], template(), 0) is None
    assert inheritance_of([RECORD], template("now"), 1) is None
    assert handed_on(DeploymentStatus(replica_volumes=[RECORD]), template()) == ["/data"]
    assert handed_on(DeploymentStatus(replica_volumes=[RECORD]), template("now")) == []
    assert handed_on(None, template()) == []
