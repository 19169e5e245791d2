"""Commands about resources, from flags to output, against a real API server. Nothing runs containers here."""

import json

import pytest

from fizz.client.api import Client
from fizz.schemas.apps import Deployment
from fizz.schemas.core import Event, Namespace, Secret
from tests.client.cli.commands_kit import Fizz, write

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
    assert ".spec.replcas: field not declared in schema" in str(result.exception)


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
    wrong = [await fizz("events", "-n", "blog", "--for", target) for target in ("nosuch/web", "web")]

    assert [each.exit_code for each in wrong] == [2, 2]
    assert "the server knows no kind 'nosuch'" in wrong[0].output
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
