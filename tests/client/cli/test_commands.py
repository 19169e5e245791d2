"""Commands from flags to output, against a real API server. Nothing runs containers here: the server alone is asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fizz.client.api import Client
from fizz.client.cli import preparing
from fizz.client.cli.deploy import apply_project
from fizz.client.cli.failures import Failure
from fizz.client.cli.main import cli
from fizz.client.cli.options import Options
from fizz.client.cli.project import read_resources
from fizz.client.controller import Manager
from fizz.client.testing import eventually, server
from fizz.controllers.namespace.reconcile import NamespaceController
from fizz.schemas import logs
from fizz.schemas.apps import Deployment, Network, Volume
from fizz.schemas.core import Event, Namespace, Secret

Fizz = Callable[..., Awaitable[Result]]

MANIFESTS = """
apiVersion: v1
kind: Namespace
metadata: {name: blog}
---
apiVersion: fizz.dev/v1
kind: Deployment
metadata: {name: web, namespace: blog, labels: {tier: front}}
spec: {replicas: 2, template: {spec: {image: nginx}}}
---
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: blog}
stringData: {k: hush}
"""

COMPOSE = """
name: shop
services:
  web: {image: nginx, depends_on: [db], ports: ["8080:80"]}
  db: {image: mariadb}
"""


def write(name: str, text: str) -> None:
    """A file in the folder that commands are run in."""
    Path(name).write_text(text)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with server(tmp_path) as made:
        yield made


@pytest.fixture
def fizz(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fizz:
    """Runs a command line beside the server's loop, in an empty folder."""
    monkeypatch.setattr(preparing, "_NODE_SECONDS", 0.05)  # there is none, and nobody need wait for it
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # the logs of the tests are not the command's to set up
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("FIZZ_SERVER", "FIZZ_SOCKET", "FIZZ_DATA_DIR", "COMPOSE_FILE", "COMPOSE_PROJECT_NAME"):
        monkeypatch.delenv(name, raising=False)

    async def run(*arguments: str, stdin: str | None = None) -> Result:
        words = ["--server", client.endpoint, *arguments]
        return await asyncio.to_thread(CliRunner().invoke, cli, words, input=stdin)

    return run


@pytest.fixture
async def namespaces(client: Client) -> AsyncIterator[None]:
    """The controller that empties namespaces which are to go."""
    manager = Manager(client)
    manager.add(NamespaceController(manager).controller())
    running = asyncio.create_task(manager.run())
    yield
    manager.stop()
    await running


async def test_manifests_are_applied_at_once_and_then_unchanged(fizz: Fizz, client: Client) -> None:
    first = await fizz("apply", "-f", "-", stdin=MANIFESTS)
    again = await fizz("apply", "-f", "-", stdin=MANIFESTS)

    assert first.output == "namespace/blog created\ndeployment/web created\nsecret/key created\n"
    assert again.output == "3 unchanged\n"
    assert (await client.get(Secret, "key", "blog")).data == {"k": "aHVzaA=="}


async def test_a_dry_run_does_nothing(fizz: Fizz, client: Client) -> None:
    result = await fizz("apply", "-f", "-", "--dry-run", stdin=MANIFESTS)

    assert "deployment/web created (dry run)" in result.output
    assert "blog" not in [item.name for item in (await client.list(Namespace)).items]


async def test_a_field_that_the_kind_does_not_know_is_refused_by_name(fizz: Fizz) -> None:
    result = await fizz("apply", "-f", "-", stdin=MANIFESTS.replace("replicas:", "replcas:"))

    assert result.exit_code == 1
    assert "deployment/web: " in str(result.exception)
    assert 'unknown field "spec.replcas"' in str(result.exception)


async def test_what_get_shows_can_be_applied_again(fizz: Fizz) -> None:
    await fizz("apply", "-f", "-", stdin=MANIFESTS)
    shown = await fizz("get", "deploy/web", "-n", "blog", "-o", "yaml")

    again = await fizz("apply", "-f", "-", stdin=shown.output.replace("replicas: 2", "replicas: 3"))

    assert again.output == "deployment/web configured\n"


async def test_a_folder_with_one_bad_resource_changes_nothing(fizz: Fizz, client: Client) -> None:
    write("a.yaml", MANIFESTS)
    write("b.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: Not-Valid, namespace: blog}\n")

    result = await fizz("apply", "-f", ".")

    assert result.exit_code == 1
    assert "Not-Valid" in str(result.exception)
    assert "blog" not in [item.name for item in (await client.list(Namespace)).items]


async def test_get_shows_tables_objects_and_names(fizz: Fizz) -> None:
    await fizz("apply", "-f", "-", stdin=MANIFESTS)

    table = await fizz("get", "deployments", "-n", "blog")
    everywhere = await fizz("get", "deploy,secrets", "-A")
    one = await fizz("get", "deploy/web", "-n", "blog", "-o", "json")
    names = await fizz("get", "deployment,secret", "-n", "blog", "-o", "name")
    image = await fizz("get", "deploy", "-n", "blog", "-o", "jsonpath={.items[*].spec.template.spec.image}")
    selected = await fizz("get", "deploy", "-n", "blog", "-l", "tier=back")

    assert [line.split()[:2] for line in table.output.splitlines()] == [["NAME", "READY"], ["web", "0/2"]]
    assert everywhere.output.splitlines()[1].split()[:2] == ["blog", "deployment/web"]
    assert json.loads(one.output)["kind"] == "Deployment"
    assert names.output == "deployment/web\nsecret/key\n"
    assert image.output == "nginx\n"
    assert "No resources found in namespace blog" in selected.output


async def test_what_is_missing_is_said_behind_what_is_there(fizz: Fizz) -> None:
    await fizz("apply", "-f", "-", stdin=MANIFESTS)

    result = await fizz("get", "deploy", "web", "nope", "-n", "blog")

    assert "web" in result.output
    assert str(result.exception) == 'deployments.fizz.dev "nope" not found'


async def test_the_namespace_is_that_of_the_project_here(fizz: Fizz) -> None:
    await fizz("apply", "-f", "-", stdin=MANIFESTS)
    named = await fizz("-p", "blog", "get", "deploy", "-o", "name")
    elsewhere = await fizz("get", "deploy", "-o", "name")
    write("compose.yaml", "name: blog\nservices: {x: {image: x}}\n")
    here = await fizz("get", "deploy", "-o", "name")

    assert (named.output, elsewhere.output, here.output) == ("deployment/web\n", "", "deployment/web\n")


async def test_describe_shows_an_object_with_its_events(fizz: Fizz, client: Client) -> None:
    await fizz("apply", "-f", "-", stdin=MANIFESTS)
    web = await client.get(Deployment, "web", "blog")
    about = {"kind": "Deployment", "namespace": "blog", "name": "web", "uid": web.metadata.uid}
    await client.create(
        Event.load(
            {
                "metadata": {"name": "e", "namespace": "blog"},
                "involvedObject": about,
                "reason": "Tested",
                "message": "it was tested",
                "lastTimestamp": "2026-01-31T09:30:00Z",
            }
        )
    )

    described = await fizz("describe", "deploy/web", "-n", "blog")
    happened = await fizz("events", "-n", "blog")
    others = await fizz("events", "-n", "blog", "--for", "deployment/other")
    inspected = await fizz("inspect", "web", "-n", "blog", "-o", "json")

    assert "Labels:        tier=front" in described.output
    assert "it was tested" in described.output
    assert "deployment/web" in happened.output
    assert "No events." in others.output
    document = json.loads(inspected.output)
    assert document["desired"]["replicas"] == 2
    assert [each["message"] for each in document["events"]] == ["it was tested"]


async def test_delete_waits_until_it_is_gone(fizz: Fizz, client: Client) -> None:
    await fizz("apply", "-f", "-", stdin=MANIFESTS)

    gone = await fizz("delete", "secret/key", "deploy/web", "-n", "blog")
    again = await fizz("delete", "secret", "key", "-n", "blog", "--ignore-not-found")
    missing = await fizz("delete", "secret", "key", "-n", "blog")

    assert gone.output == "secret/key deleted\ndeployment/web deleted\n"
    assert (again.exit_code, again.output) == (0, "")
    assert missing.exit_code == 1
    assert not (await client.list(Deployment, "blog")).items


async def test_delete_that_is_held_up_says_so(fizz: Fizz, client: Client) -> None:
    await fizz("apply", "-f", "-", stdin=MANIFESTS)
    await client.patch(Secret, "key", {"metadata": {"finalizers": ["example.com/hold"]}}, "blog")

    held = await fizz("delete", "secret/key", "-n", "blog", "--timeout", "0.05")

    assert held.exit_code == 1
    assert "still there after 0.05 s: secret/key" in str(held.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["delete"], id="nothing"),
        pytest.param(["delete", "secrets"], id="no name"),
        pytest.param(["get", "deploy", "-o", "xml"], id="format"),
        pytest.param(["scale", "web"], id="scale"),
        pytest.param(["inspect", "-o", "table"], id="inspect as a table"),
    ],
)
async def test_wrong_usage_ends_with_2(fizz: Fizz, arguments: list[str]) -> None:
    assert (await fizz(*arguments)).exit_code == 2


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
    assert "volume/shared gone" in plain.output
    assert (again.exit_code, "nothing" in again.output) == (0, False)
    assert "volume/data gone" in whole.output
    assert "shop" not in [item.name for item in (await client.list(Namespace)).items]


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


async def test_a_kubeconfig_needs_tcp(fizz: Fizz) -> None:
    result = await fizz("kubeconfig")

    assert result.exit_code == 1
    assert "--listen 127.0.0.1:7443" in str(result.exception)


async def test_versions_and_kinds(fizz: Fizz) -> None:
    version = await fizz("version", "-o", "json")
    resources = await fizz("api-resources")

    assert set(json.loads(version.output)) == {"client", "server"}
    assert "deployments" in resources.output


async def test_bad_files_are_told_in_full_and_nothing_is_applied(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", "name: bad\nservices:\n  web: {image: x, comand: y, networks: [nope]}\n")

    result = await fizz("up", "-d")

    lines = str(result.exception).splitlines()
    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in lines] == ["compose.yaml:3:19", "compose.yaml:3:41"]
    assert "bad" not in [item.name for item in (await client.list(Namespace)).items]


async def test_config_and_validate_need_no_server(fizz: Fizz) -> None:
    write("compose.yaml", COMPOSE)

    valid = await fizz("validate", "compose.yaml")
    names = await fizz("config", "--services")
    whole = await fizz("config", "--format", "json")

    assert valid.output.startswith("compose.yaml: valid, 2 services")
    assert names.output == "db\nweb\n"
    assert json.loads(whole.output)["name"] == "shop"


# plan


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

    assert told == ["waiting for the end of what is being deleted: network/default"]
