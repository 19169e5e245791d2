"""What is said where the engine publishes ports."""

from pathlib import Path

import pytest

from fizz.client.cli.publishing import cost_of_publishing, ports_are_shared, publishes
from fizz.client.testing import server
from fizz.schemas.base import JSON
from fizz.schemas.node import Node


def deployment(*ports: JSON, **spec: object) -> JSON:
    return {"kind": "Deployment", "spec": {"template": {"spec": {"image": "x", "ports": list(ports), **spec}}}}


PUBLISHED: JSON = {"containerPort": 80, "publish": True, "hostPort": 8080}


@pytest.mark.parametrize(
    ("item", "is_told"),
    [
        pytest.param(deployment(PUBLISHED), True, id="published"),
        pytest.param(deployment({"containerPort": 80}), False, id="exposed"),
        pytest.param(deployment({**PUBLISHED, "mode": "host"}), False, id="the engine's in any case"),
        pytest.param({"kind": "Service", "spec": {}}, False, id="something else"),
    ],
)
def test_only_who_publishes_is_told(item: JSON, is_told: bool) -> None:
    assert publishes([item]) is is_told


async def test_the_cost_is_told_with_the_reason(tmp_path: Path) -> None:
    async with server(tmp_path) as client:
        await client.create(Node.load({"metadata": {"name": "n1"}}))
        assert not await ports_are_shared(client)
        for mode, message, said in (
            ("nftables", None, ""),
            (
                "engine",
                "nft is not installed",
                "note: on n1 the engine publishes ports (nft is not installed): only one",
            ),
        ):
            status = {"ingress": {"mode": mode, "message": message}}
            await client.patch(Node, "n1", {"status": status}, subresource="status")
            found = await cost_of_publishing(client, [deployment(PUBLISHED)])
            assert found.startswith(said) if said else found == ""
            assert await ports_are_shared(client) is (mode == "nftables")
        assert await cost_of_publishing(client, [deployment({"containerPort": 80})]) == ""
