"""Which volumes a project has, and who uses them."""

import json

from fizz.client.cli.commands.volumes import used_by
from fizz.schemas.base import JSON
from tests.client.cli.commands_kit import Fizz, write

COMPOSE = """
name: shop
services:
  web: {image: nginx, volumes: ["data:/data"]}
volumes: {data: {}, named: {name: mine, driver_opts: {type: tmpfs}}}
"""


async def test_volumes_have_the_engines_names(fizz: Fizz) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml", "--all-resources")
    quiet = await fizz("volumes", "-q")
    listed = await fizz("volumes", "--format", "json")

    assert sorted(quiet.output.split()) == ["mine", "shop_data"]
    assert {json.loads(line)["Driver"] for line in listed.output.splitlines()} == {"local"}


def test_services_use_what_they_mount() -> None:
    def container(service: str, *mounts: JSON) -> JSON:
        return {
            "metadata": {"name": service, "labels": {"fizz.dev/service": service}},
            "spec": {"mounts": list(mounts)},
        }

    items = [
        container("web", {"type": "volume", "source": "data", "target": "/d"}, {"type": "bind", "source": "/x"}),
        container(
            "db", {"type": "volume", "source": "other", "target": "/d"}, {"type": "volume", "target": "/anonymous"}
        ),
    ]

    assert used_by(items, ["web"]) == {"data"}
    assert used_by(items, ["db", "web"]) == {"data", "other"}
