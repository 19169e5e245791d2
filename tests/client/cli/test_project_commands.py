"""Commands about compose projects, from flags to output, against a real API server. Nothing runs containers here."""

import asyncio
import json

import pytest

from fizz.client.api import Client
from fizz.client.cli.deploy import apply_project
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import Options
from fizz.client.cli.project import read_resources
from fizz.client.testing import eventually
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, Network, Volume
from fizz.schemas.core import Namespace
from tests.client.cli.commands_kit import Fizz, write

COMPOSE = """
name: shop
services:
  web: {image: nginx, depends_on: [db], ports: ["8080:80"]}
  db: {image: mariadb}
"""


async def test_a_compose_file_is_applied_as_a_project_and_what_left_it_is_removed(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    first = await fizz("apply", "-f", "compose.yaml")
    write("compose.yaml", COMPOSE.replace("depends_on: [db], ", "").replace("  db: {image: mariadb}\n", ""))
    second = await fizz("apply", "-f", "compose.yaml")

    assert "deployment/db created" in first.output
    assert {"deployment/web configured", "deployment/db deleted", "service/db deleted"} <= set(
        second.output.splitlines()
    )
    assert [item.name for item in (await client.list(Deployment, "shop")).items] == ["web"]


async def test_scale_looks_for_all_services_before_it_changes_one(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")

    wrong = await fizz("scale", "web=3", "nope=1")
    before = (await client.get(Deployment, "web", "shop")).spec.replicas
    right = await fizz("scale", "web=3", "--no-wait")

    assert "project shop has no service nope; it has db, web" in str(wrong.exception)
    assert before == 1
    assert right.output == "deployment/web scaled to 3\n"
    assert (await client.get(Deployment, "web", "shop")).spec.replicas == 3


async def test_up_gives_up_after_its_time_and_says_what_is_missing(fizz: Fizz) -> None:
    write("compose.yaml", COMPOSE)

    result = await fizz("up", "-d", "--timeout", "0.2")

    assert result.exit_code == 1
    assert "not there after 0.2 s: db is waiting; web is waiting" in str(result.exception)


async def test_down_of_nothing_says_so(fizz: Fizz) -> None:
    result = await fizz("-p", "nothing", "down")

    assert (result.exit_code, result.output) == (0, "nothing of the project nothing is there\n")


HELD = ["example.com/hold"]


async def hold(client: Client, target: type[Deployment | Volume], name: str, finalizers: list[str]) -> None:
    """Let an object wait before it goes, or let it go."""
    await client.patch(target, name, {"metadata": {"finalizers": finalizers}}, "shop")


async def is_leaving(client: Client, target: type[Deployment | Volume], name: str) -> bool:
    return (await client.get(target, name, "shop")).metadata.deletion_timestamp is not None


async def test_a_network_that_somebody_deleted_while_it_is_used_is_replaced(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")
    await client.patch(Network, "default", {"metadata": {"finalizers": HELD}}, "shop")
    before = (await client.get(Network, "default", "shop")).metadata.uid
    await client.delete(Network, "default", "shop")

    told: list[str] = []
    up = asyncio.create_task(apply_project(client, read_resources(Options()), told.append))

    async def is_handed_over() -> bool:
        annotations = (await client.get(Network, "default", "shop")).metadata.annotations or {}
        return annotations.get(labels.HAND_OVER) == "true"

    await eventually(is_handed_over)
    await client.patch(Network, "default", {"metadata": {"finalizers": []}}, "shop")
    await up

    assert told[0] == "network/default is being deleted, and used all the same: another one takes its place"
    after = (await client.get(Network, "default", "shop")).metadata
    assert after.uid != before
    assert labels.HAND_OVER not in (after.annotations or {})


async def test_up_waits_for_an_earlier_down(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")
    await hold(client, Deployment, "web", HELD)
    before = (await client.get(Deployment, "web", "shop")).metadata.uid
    await client.delete(Deployment, "web", "shop")

    told: list[str] = []
    up = asyncio.create_task(apply_project(client, read_resources(Options()), told.append))
    await eventually(lambda: bool(told))
    await hold(client, Deployment, "web", [])
    results = (await up).results

    assert told == ["waiting for the end of what is being deleted: deployment/web"]
    assert [done.object["metadata"]["name"] for done in results if done.verb == "created"] == ["web"]
    assert (await client.get(Deployment, "web", "shop")).metadata.uid != before


@pytest.mark.usefixtures("namespaces")
async def test_down_takes_along_what_is_made_meanwhile(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")
    await hold(client, Deployment, "web", HELD)
    late = (await client.get(Deployment, "db", "shop")).dump()
    late["metadata"] = {"name": "late", "namespace": "shop", "labels": late["metadata"]["labels"]}

    down = asyncio.ensure_future(fizz("down"))
    await eventually(lambda: is_leaving(client, Deployment, "web"))
    await client.create({key: late[key] for key in ("apiVersion", "kind", "metadata", "spec")})
    await eventually(lambda: _is_gone(client, "late"))
    await hold(client, Deployment, "web", [])

    assert (await down).exit_code == 0
    assert (await client.list(Deployment, "shop")).items == []


async def _is_gone(client: Client, name: str) -> bool:
    return name not in [item.name for item in (await client.list(Deployment, "shop")).items]


@pytest.mark.usefixtures("namespaces")
async def test_down_keeps_volumes_until_they_are_to_go(fizz: Fizz, client: Client) -> None:
    volumes = "mariadb, volumes: [data:/d, shared:/s]"
    write("compose.yaml", COMPOSE.replace("mariadb", volumes) + "volumes: {data: {}, shared: {external: true}}\n")
    await fizz("apply", "-f", "compose.yaml")

    plain = await fizz("down")
    kept = [item.name for item in (await client.list(Volume, "shop")).items]
    again = await fizz("down")
    whole = await fizz("down", "-v")

    assert kept == ["data"]
    assert "volume/data kept: its data stays until `fizz down -v`" in plain.output
    assert "volume/shared left as it is: it is external" in plain.output
    assert (again.exit_code, "nothing" in again.output) == (0, False)
    assert "volume/data gone" in whole.output
    assert "shop" not in [item.name for item in (await client.list(Namespace)).items]


@pytest.mark.usefixtures("namespaces")
async def test_anonymous_volumes_go_with_deployments_that_may_have_any_only_on_demand(
    fizz: Fizz, client: Client
) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")
    volumes = [{"ordinal": 0, "node": "one", "volumes": [{"target": "/data", "name": "5448"}]}]
    await client.patch(Deployment, "db", {"status": {"replicaVolumes": volumes}}, "shop", "status")
    for name in ("db", "web"):
        await hold(client, Deployment, name, HELD)
    marks = []
    for flags in ([], ["-v"]):
        await fizz("down", *flags, "--wait-timeout", "0.1")
        found = {item.name: item.metadata.annotations for item in (await client.list(Deployment, "shop")).items}
        marks.append({name: (each or {}).get(labels.REMOVE_VOLUMES) for name, each in found.items()})

    assert marks == [{"db": None, "web": None}, {"db": "true", "web": None}]


async def test_down_passes_the_time_to_stop_on(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")
    await hold(client, Deployment, "web", HELD)

    result = await fizz("down", "-t", "2", "--wait-timeout", "0.5")

    assert "still there after" in str(result.exception)
    assert "deployment/web" in str(result.exception)
    assert (await client.get(Deployment, "web", "shop")).metadata.deletion_grace_period_seconds == 2


async def test_services_are_brought_up_alone(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE + "  other: {image: x}\n")

    await fizz("up", "-d", "--timeout", "0.1", "--no-deps", "web")
    alone = [item.name for item in (await client.list(Deployment, "shop")).items]
    await fizz("up", "-d", "--timeout", "0.1", "web")
    with_db = [item.name for item in (await client.list(Deployment, "shop")).items]
    await fizz("up", "-d", "--timeout", "0.1", "other")
    unknown = await fizz("up", "-d", "othr")

    assert (alone, with_db) == (["web"], ["db", "web"])
    assert [item.name for item in (await client.list(Deployment, "shop")).items] == ["db", "other", "web"]
    assert 'there is no service "othr"' in str(unknown.exception)


async def test_other_profiles_are_left_alone(fizz: Fizz, client: Client) -> None:
    extra = "  debug: {image: x, profiles: [debug], networks: [side]}\nnetworks: {side: {}}\n"
    write("compose.yaml", COMPOSE + extra)
    await fizz("--profile", "debug", "apply", "-f", "compose.yaml")
    await fizz("apply", "-f", "compose.yaml")
    deployments = [item.name for item in (await client.list(Deployment, "shop")).items]
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")

    assert deployments == ["db", "debug", "web"]
    assert [item.name for item in (await client.list(Network, "shop")).items] == ["default"]


async def test_plan_says_what_up_does_and_its_exit_code_whether_it_does_anything(fizz: Fizz, client: Client) -> None:
    write("compose.yml", COMPOSE)
    before = await fizz("plan")
    await apply_project(client, read_resources(Options()), lambda _: None)
    nothing = await fizz("plan")
    write("compose.yml", COMPOSE.replace("image: nginx", "image: nginx:2"))
    change = await fizz("up", "--dry-run")
    as_data = json.loads((await fizz("plan", "-o", "json")).output)

    assert [each.exit_code for each in (before, nothing, change)] == [2, 0, 2]
    assert "+ deployment/web" in before.output
    assert nothing.output == "shop: everything is as wanted\n"
    assert "spec.template.spec.image: nginx -> nginx:2" in change.output
    assert [step["object"] for step in as_data["steps"]] == ["deployment/web"]
    web = await client.get(Deployment, "web", "shop")
    assert web.spec.template.spec.image == "nginx"


async def test_a_plan_has_no_other_forms_than_table_json_and_yaml(fizz: Fizz) -> None:
    write("compose.yml", COMPOSE)

    result = await fizz("plan", "-o", "name")

    assert (result.exit_code, "not as name" in result.output) == (2, True)


async def test_up_names_what_is_being_deleted_beneath_it_and_waits_no_longer_than_it_may(
    fizz: Fizz, client: Client
) -> None:
    write("compose.yml", COMPOSE)
    await apply_project(client, read_resources(Options()), lambda _: None)
    await client.patch(Network, "default", {"metadata": {"finalizers": ["fizz.dev/node"]}}, "shop")
    await client.delete(Network, "default", "shop")
    told: list[str] = []

    with pytest.raises(Failure, match=r"still there after 0\.2 s: network/default"):
        await apply_project(client, read_resources(Options()), told.append, timeout=0.2)

    assert told[1:] == ["waiting for the end of what is being deleted: network/default"]
