"""Which image a workload runs, by content, wherever its template is."""

import pytest

from fizz.client.cli.imageids import keep_images, tell_images
from fizz.client.cli.project import Resources
from fizz.schemas.types import JSON


def workload(kind: str, **container: str) -> JSON:
    template = {"template": {"spec": {"image": "shop:1", **container}}}
    spec = {"jobTemplate": {"spec": template}} if kind == "CronJob" else template
    return {"kind": kind, "metadata": {"name": "web"}, "spec": spec}


def resources(*items: JSON) -> Resources:
    return Resources("shop", "shop", items)


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob"])
def test_every_workload_is_told_its_image(kind: str) -> None:
    told = tell_images(resources(workload(kind)), {"web": "sha256:1"})

    assert told.objects == (workload(kind, imageID="sha256:1"),)


@pytest.mark.parametrize("kind", ["Deployment", "Job", "CronJob"])
def test_who_does_not_look_at_images_keeps_the_one_that_is_there(kind: str) -> None:
    before = workload(kind, imageID="sha256:1")

    assert keep_images(resources(workload(kind)), [before]).objects == (before,)
    other = workload(kind, image="shop:2")
    assert keep_images(resources(other), [before]).objects == (other,)
