from typing import Any

import pytest

from fizz.schemas.container import ContainerSpec
from fizz.schemas.strategy import Limits, Order, UpdateStrategy, chosen_order, limits


@pytest.mark.parametrize(
    ("strategy", "order", "replicas", "expected"),
    [
        pytest.param(None, "StartFirst", 1, Limits(1, 0), id="one replica by default"),
        pytest.param(None, "StartFirst", 8, Limits(2, 0), id="a quarter by default"),
        pytest.param(None, "StopFirst", 5, Limits(0, 2), id="a quarter is rounded up"),
        pytest.param({"parallelism": 2}, "StartFirst", 5, Limits(2, 0), id="start first"),
        pytest.param({"parallelism": 2}, "StopFirst", 5, Limits(0, 2), id="stop first"),
        pytest.param({"parallelism": 0}, "StopFirst", 5, Limits(0, 5), id="zero is all"),
        pytest.param({"parallelism": 0}, "StopFirst", 0, Limits(0, 1), id="zero of nothing"),
        pytest.param({"maxSurge": "25%", "maxUnavailable": "25%"}, "StartFirst", 10, Limits(3, 2), id="as Kubernetes"),
        pytest.param({"maxSurge": 2, "parallelism": 7}, "StopFirst", 10, Limits(2, 0), id="limits go before"),
        pytest.param({"maxUnavailable": "10%"}, "StartFirst", 3, Limits(0, 1), id="never both zero"),
    ],
)
def test_limits_follow_from_strategy_order_and_replicas(
    strategy: dict[str, Any] | None, order: Order, replicas: int, expected: Limits
) -> None:
    assert limits(UpdateStrategy.load(strategy) if strategy else None, order, replicas) == expected


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        pytest.param({"containerName": "db"}, "the name db", id="name"),
        pytest.param({"mounts": [{"type": "volume", "source": "data", "target": "/data"}]}, "/data", id="volume"),
        pytest.param({"mounts": [{"type": "bind", "source": "/srv", "target": "/srv"}]}, "/srv", id="bind"),
        pytest.param({"networks": [{"name": "front", "ipv4Address": "10.1.2.3"}]}, "10.1.2.3", id="address"),
        pytest.param({"networkMode": "host"}, "network mode host", id="network mode"),
        pytest.param({"ports": [{"containerPort": 80, "hostPort": 8080}]}, "port 8080", id="published port"),
        pytest.param({"ports": [{"containerPort": 80, "publish": True}]}, "port for 80", id="any published port"),
    ],
)
def test_what_two_containers_would_fight_for_makes_it_stop_first(spec: dict[str, Any], why: str) -> None:
    order, reason = chosen_order(None, ContainerSpec.load({"image": "x", **spec}), ports_shared=False)

    assert order == "StopFirst"
    assert why in reason


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"mounts": [{"type": "volume", "source": "d", "target": "/d", "readOnly": True}]}, id="read only"),
        pytest.param({"mounts": [{"type": "volume", "target": "/d"}]}, id="anonymous volume"),
        pytest.param({"mounts": [{"type": "tmpfs", "target": "/d"}]}, id="tmpfs"),
        pytest.param({"ports": [{"containerPort": 80}]}, id="port that is not published"),
        pytest.param({"networkMode": "none"}, id="no network"),
    ],
)
def test_what_cannot_get_in_its_own_way_starts_first(spec: dict[str, Any]) -> None:
    assert chosen_order(None, ContainerSpec.load({"image": "x", **spec}), ports_shared=False)[0] == "StartFirst"


@pytest.mark.parametrize(
    ("spec", "order"),
    [
        pytest.param({}, "StopFirst", id="of the image"),
        pytest.param({"mounts": [{"type": "volume", "target": "/d"}]}, "StopFirst", id="of a mount"),
        pytest.param({"mounts": [{"type": "volume", "target": "/d", "readOnly": True}]}, "StartFirst", id="read only"),
        pytest.param({"mounts": [{"type": "image", "source": "i", "target": "/d"}]}, "StartFirst", id="not any more"),
        pytest.param({"tmpfs": {"/d": ""}}, "StartFirst", id="memory instead"),
    ],
)
def test_an_anonymous_volume_that_is_handed_on_makes_it_stop_first(spec: dict[str, Any], order: str) -> None:
    chosen, why = chosen_order(None, ContainerSpec.load({"image": "x", **spec}), ports_shared=False, handed_on=["/d"])

    assert chosen == order
    assert ("anonymous volume at /d" in why) == (order == "StopFirst")


def test_a_published_port_that_replicas_share_is_no_reason_unless_it_is_in_host_mode() -> None:
    shared = ContainerSpec.load({"image": "x", "ports": [{"containerPort": 80, "hostPort": 8080}]})
    own = ContainerSpec.load({"image": "x", "ports": [{"containerPort": 80, "hostPort": 8080, "mode": "host"}]})

    assert chosen_order(None, shared, ports_shared=True)[0] == "StartFirst"
    assert chosen_order(None, own, ports_shared=True)[0] == "StopFirst"


def test_an_order_that_is_asked_for_is_taken() -> None:
    spec = ContainerSpec.load({"image": "x", "containerName": "db"})

    assert chosen_order(UpdateStrategy(order="StartFirst"), spec, ports_shared=False) == (
        "StartFirst",
        "it is asked for",
    )
