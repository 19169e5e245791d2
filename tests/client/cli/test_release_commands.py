"""History and rollback, from flags to output, against a real API server. Nothing runs containers here."""

import base64
import json

import pytest

from fizz.client.api import Client
from fizz.client.cli.failures import Failure
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.releases import Release
from tests.client.cli.commands_kit import Fizz, write

COMPOSE = """
name: shop
services:
  web: {{image: "nginx:{version}", secrets: [password], configs: [site]}}
  {other}: {{image: busybox}}
secrets: {{password: {{file: ./password.txt}}}}
configs: {{site: {{content: "{site}"}}}}
"""


async def apply(fizz: Fizz, version: str, password: str, site: str = "hello", other: str = "db") -> str:
    write("compose.yaml", COMPOSE.format(version=version, site=site, other=other))
    write("password.txt", password)
    result = await fizz("apply", "-f", "compose.yaml")
    assert result.exit_code == 0, result.exception
    return result.output


async def names(client: Client) -> list[str]:
    return [item.name for item in (await client.list(Release, "shop")).items]


async def content(client: Client) -> tuple[str, str, str]:
    """The image, the password and the config that are applied now."""
    web = await client.get(Deployment, "web", "shop")
    secret, config = await client.get(Secret, "password", "shop"), await client.get(ConfigMap, "site", "shop")
    assert secret.data
    assert config.data
    return web.spec.template.spec.image, base64.b64decode(secret.data["password"]).decode(), config.data["site"]


async def test_each_apply_that_changes_something_is_a_release(fizz: Fizz, client: Client) -> None:
    first = await apply(fizz, "1", "one")
    again = await apply(fizz, "1", "one")
    await apply(fizz, "1", "two")

    assert first.splitlines()[-1] == "release/v1 created"
    assert "release" not in again
    assert await names(client) == ["v1", "v2"]
    history = (await fizz("history")).output
    assert [line.split()[0] for line in history.splitlines()] == ["RELEASE", "1", "2"]
    assert "~ secret/password" in history


async def test_a_rollback_brings_images_configs_secrets_and_services_back_at_once(fizz: Fizz, client: Client) -> None:
    await apply(fizz, "1", "one", "hello", "db")
    await apply(fizz, "2", "two", "good-bye", "cache")
    dry = await fizz("rollback", "--dry-run")
    unchanged = await content(client)
    await fizz("rollback", "--timeout", "0.1")

    assert dry.exit_code == 2
    assert {"+ deployment/db", "- deployment/cache"} <= {" ".join(line.split()[:2]) for line in dry.output.splitlines()}
    assert "secret password changed" in dry.output
    assert unchanged == ("nginx:2", "two", "good-bye")
    assert await content(client) == ("nginx:1", "one", "hello")
    assert [item.name for item in (await client.list(Deployment, "shop")).items] == ["db", "web"]
    newest = await client.get(Release, "v3", "shop")
    first = await client.get(Release, "v1", "shop")
    assert (newest.spec.origin, newest.spec.digest) == (1, first.spec.digest)
    versions = {
        (await client.get(kind, name, "shop")).metadata.resource_version
        for kind, name in ((Deployment, "web"), (Secret, "password"), (ConfigMap, "site"), (Release, "v3"))
    }
    assert len(versions) == 1, "it is one transaction"


async def test_a_second_rollback_takes_the_first_one_back(fizz: Fizz, client: Client) -> None:
    await apply(fizz, "1", "one")
    await apply(fizz, "2", "two")
    await fizz("rollback", "--timeout", "0.1")
    await fizz("rollback", "--timeout", "0.1")

    assert await content(client) == ("nginx:2", "two", "hello")
    assert await names(client) == ["v1", "v2", "v3", "v4"]


async def test_no_secret_is_told_by_any_output(fizz: Fizz) -> None:
    await apply(fizz, "1", "hunter2")
    await apply(fizz, "1", "hunter3")
    outputs = [
        (await fizz(*words)).output
        for words in (
            ("history", "-o", "yaml"),
            ("history", "1"),
            ("history", "1", "-o", "json"),
            ("history", "2", "--diff", "1"),
            ("history", "2", "--diff", "1", "-o", "json"),
            ("rollback", "--dry-run", "-o", "json"),
            ("plan", "-o", "json"),
        )
    ]

    told = "".join(outputs)
    for secret in ("hunter2", "hunter3"):
        assert secret not in told
        assert base64.b64encode(secret.encode()).decode() not in told
    assert json.loads(outputs[4])["steps"][0]["changes"][0]["field"] == "content"
    assert [each["kind"] for each in json.loads(outputs[2])["spec"]["objects"]].count("Deployment") == 2


async def test_a_part_of_the_project_makes_a_release_of_the_whole(fizz: Fizz, client: Client) -> None:
    await apply(fizz, "1", "one")
    write("compose.yaml", COMPOSE.format(version="2", site="hello", other="db").replace("busybox", "busybox:2"))
    await fizz("up", "-d", "--timeout", "0.1", "-m", "only web", "web")
    await fizz("rollback", "1", "--timeout", "0.1")
    await fizz("rollback", "2", "--timeout", "0.1")

    second = await client.get(Release, "v2", "shop")
    assert second.spec.message == "only web"
    assert (await content(client))[0] == "nginx:2"
    assert (await client.get(Deployment, "db", "shop")).spec.template.spec.image == "busybox"


async def test_only_as_many_as_wanted_are_kept(fizz: Fizz, client: Client) -> None:
    for number in range(1, 5):
        await apply(fizz, str(number), "one")
    write("compose.yaml", COMPOSE.format(version="5", site="hello", other="db"))
    await fizz("up", "-d", "--timeout", "0.1", "--keep", "2")

    assert await names(client) == ["v4", "v5"]


async def test_there_must_be_something_to_go_back_to(fizz: Fizz) -> None:
    nothing = await fizz("-p", "shop", "rollback")
    await apply(fizz, "1", "one")
    only = await fizz("rollback")
    unknown = await fizz("rollback", "7")

    assert "there is no release of shop to go back to" in str(nothing.exception)
    assert "release 1 is the only one of shop" in str(only.exception)
    assert "there is no release 7 of shop; there are 1" in str(unknown.exception)


async def test_a_release_that_lost_a_content_is_not_gone_back_to_by_half(fizz: Fizz, client: Client) -> None:
    await apply(fizz, "1", "one")
    first = await client.get(Release, "v1", "shop")
    kept = next(each.revision for each in first.spec.resources if each.kind == "Secret")
    assert kept
    await apply(fizz, "2", "two")
    await client.delete(Secret, kept, "shop")

    refused = await fizz("rollback")

    assert isinstance(refused.exception, Failure)
    assert "the content of secret/password" in str(refused.exception)
    assert await content(client) == ("nginx:2", "two", "hello")


@pytest.mark.usefixtures("namespaces")
async def test_down_takes_the_history_along_unless_it_is_to_stay(fizz: Fizz, client: Client) -> None:
    await apply(fizz, "1", "one")
    await fizz("down", "--keep-history", "--wait-timeout", "5")
    kept = await names(client)
    back = await fizz("rollback", "1", "--timeout", "0.1")
    again = await content(client)
    await fizz("down", "--wait-timeout", "5")
    left = [*(await client.list(Secret, "shop")).items, *(await client.list(ConfigMap, "shop")).items]

    assert kept == ["v1"]
    assert "release 1 is the present one" in back.output
    assert again == ("nginx:1", "one", "hello")
    assert await names(client) == []
    assert [item.name for item in left if labels.RELEASES_OF in item.labels] == []


async def test_two_who_apply_at_the_same_time_make_two_releases(fizz: Fizz, client: Client) -> None:
    import asyncio

    from fizz.client.cli.deploy import apply_project
    from fizz.client.cli.options import Options
    from fizz.client.cli.project import read_resources
    from fizz.client.cli.releases import Note

    write("password.txt", "one")
    wanted = []
    for version in ("1", "2", "3"):
        write("compose.yaml", COMPOSE.format(version=version, site="hello", other="db"))
        wanted.append(read_resources(Options()))

    done = await asyncio.gather(*(apply_project(client, each, lambda _: None, note=Note("a@b")) for each in wanted))

    made = sorted(each.release["metadata"]["name"] for each in done if each.release)
    assert made == ["v1", "v2", "v3"]
    assert await names(client) == made
