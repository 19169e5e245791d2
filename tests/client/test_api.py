"""The client's verbs: what goes over the wire, and what comes back."""

from pathlib import Path
from typing import ClassVar

import pytest

from fizz.client.api import Client, NotFound, Operation, Unreadable
from fizz.client.objects import resource_of
from fizz.client.testing import virtual_time
from fizz.schemas.apps import Deployment
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Namespace
from fizz.schemas.kinds import BUILTIN, Kind, find
from fizz.schemas.meta import Object, ObjectMeta
from tests.client.fake_server import FakeServer, config_map

CONFIG_MAP = next(kind for kind in BUILTIN if kind.kind == "ConfigMap")
MOTD = ConfigMap(metadata=ObjectMeta(name="motd", namespace="blog"), data={"text": "hello"})
PATH = "/api/v1/namespaces/blog/configmaps"


class Proxy(Object):
    plural: ClassVar[str] = "proxies"
    api_version: str = "example.com/v1alpha1"
    kind: str = "Proxy"


@pytest.mark.parametrize(
    ("target", "place", "expected"),
    [
        pytest.param(Namespace, (None, "blog"), "/api/v1/namespaces/blog", id="cluster-scoped"),
        pytest.param(Namespace, ("ignored", "blog"), "/api/v1/namespaces/blog", id="namespace of cluster-scoped"),
        pytest.param(ConfigMap, (None,), "/api/v1/configmaps", id="all namespaces"),
        pytest.param(ConfigMap, ("blog", "a"), f"{PATH}/a", id="core"),
        pytest.param(
            Deployment, ("blog", "a", "scale"), "/apis/fizz.dev/v1/namespaces/blog/deployments/a/scale", id="group"
        ),
        pytest.param(Proxy, ("b", "a"), "/apis/example.com/v1alpha1/namespaces/b/proxies/a", id="custom model"),
        pytest.param(ConfigMap, ("blog", "a/b?c"), f"{PATH}/a%2Fb%3Fc", id="strange name"),
    ],
)
def test_paths(target: type[Object], place: tuple[str, ...], expected: str) -> None:
    assert resource_of(target).path(*place) == expected


def test_one_object_of_a_namespaced_kind_needs_its_namespace() -> None:
    with pytest.raises(ValueError, match="ConfigMap 'motd' lives in a namespace; say which"):
        resource_of(ConfigMap).path(None, "motd")


@virtual_time
async def test_a_model_gives_models_and_a_kind_gives_json(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("motd")))

        assert isinstance(await client.get(ConfigMap, "motd", "blog"), ConfigMap)
        assert (await client.get(CONFIG_MAP, "motd", "blog"))["data"] == {"name": "motd"}
        assert [item.name for item in (await client.list(ConfigMap, "blog")).items] == ["motd"]
        assert [item["metadata"]["name"] for item in (await client.list(CONFIG_MAP)).items] == ["motd"]


@virtual_time
async def test_a_long_list_is_read_in_pages(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(*(("ADDED", config_map(f"n{number:04}")) for number in range(1200)))
        everything = await client.list(ConfigMap)
        some = await client.list(ConfigMap, limit=501)

    assert [item.name for item in everything.items] == [f"n{number:04}" for number in range(1200)]
    assert (everything.resource_version, everything.remaining) == ("1", 0)
    assert (len(some.items), some.remaining) == (501, 699)
    assert [seen.query["limit"] for seen in fake.seen] == ["500", "500", "500", "500", "1"]


@virtual_time
async def test_a_list_whose_snapshot_expired_is_read_again_in_one_piece(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", config_map("motd")))
        fake.refusals.append((410, {}))

        assert len((await client.list(ConfigMap)).items) == 1
    assert "limit" not in fake.seen[1].query


@virtual_time
async def test_selectors_are_sent(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        await client.list(ConfigMap, "blog", label_selector="a in (b, c)", field_selector="metadata.name=x")

    assert fake.seen[0].query["labelSelector"] == "a in (b, c)"
    assert fake.seen[0].query["fieldSelector"] == "metadata.name=x"


@virtual_time
async def test_writes_say_who_writes(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client(field_manager="gardener") as client:
        created = await client.create(MOTD)
        await client.update(created)
        await client.patch(ConfigMap, "motd", {"data": {"text": None}}, "blog")
        await client.apply(created, field_manager="other", force=True)
        fake.answers["PUT", f"{PATH}/motd/status"] = config_map("motd")
        await client.update_status(created)

    assert [(seen.method, seen.path, seen.query["fieldManager"]) for seen in fake.seen] == [
        ("POST", PATH, "gardener"),
        ("PUT", f"{PATH}/motd", "gardener"),
        ("PATCH", f"{PATH}/motd", "gardener"),
        ("PATCH", f"{PATH}/motd", "other"),
        ("PUT", f"{PATH}/motd/status", "gardener"),
    ]
    assert fake.seen[1].body["metadata"]["resourceVersion"] == "1"
    assert fake.seen[3].query["force"] == "true"


@virtual_time
async def test_a_mapping_is_a_merge_patch_and_a_sequence_a_json_patch(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.answers["PATCH", f"{PATH}/motd"] = config_map("motd")
        await client.patch(ConfigMap, "motd", {"data": None}, "blog")
        await client.patch(ConfigMap, "motd", [{"op": "remove", "path": "/data"}], "blog")
        await client.apply(MOTD)

    assert [(seen.headers["Content-Type"], seen.body) for seen in fake.seen] == [
        ("application/merge-patch+json", {"data": None}),
        ("application/json-patch+json", [{"op": "remove", "path": "/data"}]),
        ("application/apply-patch+yaml", MOTD.dump()),
    ]


@virtual_time
async def test_an_applied_object_says_nothing_about_who_manages_it(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.answers["PATCH", f"{PATH}/motd"] = config_map("motd")
        await client.apply({**config_map("motd", managedFields=[{"manager": "me"}])})

    assert "managedFields" not in fake.seen[0].body["metadata"]


@virtual_time
async def test_deleting_says_how_and_what_it_means(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.answers["DELETE", f"{PATH}/motd"] = fake.answers["DELETE", PATH] = {}
        await client.delete(ConfigMap, "motd", "blog")
        await client.delete(ConfigMap, "motd", "blog", propagation_policy="Foreground", uid="u", resource_version="7")
        await client.delete_collection(ConfigMap, "blog", label_selector="a=b", propagation_policy="Orphan")

    assert [seen.body for seen in fake.seen] == [
        {"apiVersion": "v1", "kind": "DeleteOptions"},
        {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": "u", "resourceVersion": "7"},
        },
        {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan"},
    ]
    assert fake.seen[2].query["labelSelector"] == "a=b"


@virtual_time
async def test_a_transaction_is_one_request(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.answers["POST", "/apis/fizz.dev/v1/transactions"] = {
            "kind": "Transaction",
            "apiVersion": "fizz.dev/v1",
            "metadata": {"resourceVersion": "12"},
            "results": [{"verb": "created", "object": MOTD.dump()}, {"verb": "deleted", "object": {}}],
        }
        gone = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "old", "namespace": "blog"}}
        result = await client.transaction(
            [Operation("apply", MOTD, force=True), Operation("delete", gone, propagation_policy="Background")],
            dry_run=True,
        )

    assert (result.resource_version, [each.verb for each in result.results]) == ("12", ["created", "deleted"])
    assert fake.seen[0].query["dryRun"] == "All"
    assert fake.seen[0].body["operations"] == [
        {"verb": "apply", "object": MOTD.dump(), "force": True},
        {"verb": "delete", "object": gone, "propagationPolicy": "Background"},
    ]


@virtual_time
async def test_an_object_that_the_model_cannot_read_is_named(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.commit(("ADDED", {**config_map("motd"), "data": {"text": ["no", "text"]}}))
        with pytest.raises(Unreadable, match=r"ConfigMap blog/motd: data\.text: Input should be a valid string"):
            await client.get(ConfigMap, "motd", "blog")


DISCOVERY = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "metadata": {"name": "example.com"},
            "versions": [
                {
                    "version": "v1",
                    "resources": [
                        {
                            "resource": "databases",
                            "responseKind": {"group": "example.com", "version": "v1", "kind": "Database"},
                            "scope": "Namespaced",
                            "singularResource": "database",
                            "shortNames": ["db"],
                            "subresources": [{"subresource": "status"}],
                        }
                    ],
                }
            ],
        }
    ],
}
DATABASE = Kind("example.com", "v1", "Database", "databases", "", short_names=("db",), status=True)


@virtual_time
async def test_kinds_are_found_by_any_of_their_names(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.answers["GET", "/apis"] = DISCOVERY
        assert await client.discover("deploy") == find("deployments")
        assert fake.seen == []
        for name in ("databases", "Database", "db", "databases.example.com"):
            assert await client.discover(name) == DATABASE
        assert len(fake.seen) == 1
        with pytest.raises(NotFound, match="the server has no kind named 'unicorns'"):
            await client.discover("unicorns")


@virtual_time
async def test_json_of_a_custom_kind_can_be_written(tmp_path: Path) -> None:
    item = {
        "apiVersion": "example.com/v1",
        "kind": "Database",
        "metadata": {"name": "main", "namespace": "blog"},
    }
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        fake.answers["GET", "/apis"] = DISCOVERY
        await client.create(item)

    assert fake.seen[-1].path == "/apis/example.com/v1/namespaces/blog/databases"


@virtual_time
async def test_logs_come_line_by_line(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake, fake.client() as client:
        path = "/apis/fizz.dev/v1/namespaces/blog/containers/web-0"
        fake.texts[f"{path}/log"] = b"one\ntwo\n\nno end"
        fake.answers["GET", f"{path}/engine"] = {"Id": "abc"}
        lines = [line async for line in client.logs("web-0", "blog", follow=True, tail=10, timestamps=True)]

        assert lines == [b"one", b"two", b"", b"no end"]
        assert dict(fake.seen[0].query) == {"follow": "true", "tailLines": "10", "timestamps": "true"}
        assert await client.engine("web-0", "blog") == {"Id": "abc"}


def test_models_and_kinds_mean_the_same_resource() -> None:
    kind = find("containers")
    assert kind is not None
    assert resource_of(Container).kind == resource_of(kind).kind == kind


@virtual_time
async def test_closing_twice_is_fine(tmp_path: Path) -> None:
    async with FakeServer(tmp_path) as fake:
        client: Client = fake.client()
        await client.list(ConfigMap)
        await client.close()
        await client.close()
