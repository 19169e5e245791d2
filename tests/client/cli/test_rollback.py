"""Which images a release is gone back to, whatever became of them meanwhile."""

from collections.abc import Iterable

import pytest

from fizz.client.api import Client
from fizz.client.cli import rollback
from fizz.client.cli.failures import Failure
from fizz.client.cli.project import Resources
from fizz.client.cli.rollback import with_images
from fizz.schemas.images import Image
from fizz.schemas.types import JSON

HAS = "sha256:there"


class _Images:
    """A node that has one image."""

    def __init__(self, client: Client, node: str) -> None:
        pass

    async def images(self, names: Iterable[str]) -> dict[str, Image]:
        return {name: Image(id=name) for name in names if name == HAS}


@pytest.fixture(autouse=True)
def node(monkeypatch: pytest.MonkeyPatch) -> None:
    async def name(_: Client) -> str:
        return "n1"

    monkeypatch.setattr(rollback, "image_node", name)
    monkeypatch.setattr(rollback, "NodeImages", _Images)


def resources(**spec: str) -> Resources:
    inside: JSON = {"template": {"spec": {"image": "shop/web:1", **spec}}}
    job: JSON = {"jobTemplate": {"spec": inside}}
    return Resources(
        "shop",
        "shop",
        ({"kind": "CronJob", "metadata": {"name": "web"}, "spec": job}, {"kind": "Network", "metadata": {"name": "n"}}),
        digests={"sha256:gone": ("shop/web@sha256:9",)},
    )


def spec_of(found: Resources) -> JSON:
    spec: JSON = found.objects[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("image", [HAS, None], ids=["the engine has it", "nobody knows which it was"])
async def test_an_image_that_is_there_is_left_as_it_is(client: Client, image: str | None) -> None:
    wanted = resources(**({"imageID": image} if image else {}))

    assert (await with_images(client, wanted)).objects == wanted.objects


async def test_an_image_that_is_gone_is_fetched_by_its_digest_even_if_it_is_never_pulled(client: Client) -> None:
    found = await with_images(client, resources(imageID="sha256:gone", pullPolicy="never"))

    assert spec_of(found) == {"image": "shop/web@sha256:9", "imageID": "sha256:gone", "pullPolicy": "missing"}


async def test_an_image_that_nobody_has_any_more_stops_the_rollback(client: Client) -> None:
    with pytest.raises(Failure, match="the image shop/web:1 that cronjob/web had, sha256:lost, is not in the engine"):
        await with_images(client, resources(imageID="sha256:lost"))
