"""Discovery, health and version: what clients ask before anything else."""

from typing import Any

import pytest

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
async def test_health_is_a_word(api: Any, path: str) -> None:
    assert (await api.get(path)).body == b"ok"
    assert b"[+]ping ok" in (await api.get(path, verbose="")).body


async def test_the_version_has_all_keys_as_text(api: Any) -> None:
    version = (await api.get("/version")).json
    assert version["major"].isdigit()
    assert version["minor"].isdigit()
    assert version["gitVersion"].startswith("v1.")
    assert all(isinstance(value, str) for value in version.values())


async def test_legacy_discovery_names_groups_and_resources(api: Any) -> None:
    assert (await api.get("/api")).json["versions"] == ["v1"]
    groups = (await api.get("/apis")).json["groups"]
    assert {group["name"] for group in groups} == {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "coordination.k8s.io",
        "events.k8s.io",
        "fizz.dev",
        "rbac.authorization.k8s.io",
    }
    assert (await api.get("/apis/fizz.dev")).json["preferredVersion"]["version"] == "v1"
    core = {each["name"]: each for each in (await api.get("/api/v1")).json["resources"]}
    assert core["configmaps"]["shortNames"] == ["cm"]
    assert "deletecollection" not in core["namespaces"]["verbs"]
    fizz = {each["name"]: each for each in (await api.get("/apis/fizz.dev/v1")).json["resources"]}
    assert fizz["deployments/scale"]["group"] == "autoscaling"
    assert fizz["deployments/status"]["kind"] == "Deployment"
    assert not fizz["nodes"]["namespaced"]
    assert (await api.get("/apis/nowhere.dev/v1")).code == 404


async def test_aggregated_discovery_says_all_in_one(api: Any) -> None:
    answer = await api.get("/apis", headers={"accept": AGGREGATED})
    assert "as=APIGroupDiscoveryList" in answer.headers["content-type"]
    group = next(item for item in answer.json["items"] if item["metadata"]["name"] == "fizz.dev")
    resources = {each["resource"]: each for each in group["versions"][0]["resources"]}
    assert resources["deployments"]["scope"] == "Namespaced"
    assert [sub["subresource"] for sub in resources["deployments"]["subresources"]] == ["status", "scale"]
    core = await api.get("/api", headers={"accept": AGGREGATED})
    assert core.json["items"][0]["metadata"]["name"] == ""


async def test_the_server_says_how_it_can_be_reached(api: Any) -> None:
    info = (await api.get("/apis/fizz.dev/v1/serverinfo")).json
    assert info["listen"] is None
    assert info["version"]
