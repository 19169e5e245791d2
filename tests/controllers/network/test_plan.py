"""Where published ports lead, whoever comes and goes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.client.objects import Key
from fizz.controllers.network.ingress.plan import Endpoint, Life, Plan, Replica, plan, replica_of
from fizz.controllers.network.ingress.ports import Bind, Wish, Wisher
from fizz.controllers.network.ingress.ruleset import MARK, no_table, ruleset
from fizz.schemas import labels
from fizz.schemas.apps import Network
from fizz.schemas.container import Container

WEB = Key("blog", "web")
HTTP = Wish(80, "tcp", ("0.0.0.0",), 8080)
BRIDGE = "br-0"
PORT = Bind("0.0.0.0", 8080, "tcp")


def replica(number: int, life: Life = Life.READY, *, owner: Key = WEB, wishes: tuple[Wish, ...] = (HTTP,)) -> Replica:
    name = f"{owner.name}-{number}"
    address = "" if life is Life.WAITING else f"172.18.0.{number + 2}"
    return Replica(Key(owner.namespace, name), Wisher(name, owner, number, wishes), life, address, BRIDGE)


def addresses(made: Plan, bind: Bind = PORT) -> list[str]:
    return [endpoint.address for route in made.routes if route.bind == bind for endpoint in route.endpoints]


@pytest.mark.parametrize(
    ("lives", "served"),
    [
        pytest.param([Life.READY, Life.READY], [0, 1], id="all that are ready"),
        pytest.param([Life.READY, Life.RUNNING], [0], id="not who is not ready"),
        pytest.param([Life.RUNNING, Life.RUNNING], [0, 1], id="who runs, if nobody is ready"),
        pytest.param([Life.READY, Life.LEAVING], [0], id="not who leaves"),
        pytest.param([Life.LEAVING, Life.RUNNING], [1], id="rather who is not ready than who leaves"),
        pytest.param([Life.LEAVING, Life.WAITING], [], id="nobody, if all leave"),
    ],
)
def test_who_gets_connections(lives: list[Life], served: list[int]) -> None:
    made = plan([replica(number, life) for number, life in enumerate(lives)], {})

    assert addresses(made) == [f"172.18.0.{number + 2}" for number in served]
    for number, life in enumerate(lives):
        expected = "Draining" if life is Life.LEAVING else "Serving" if number in served else "Waiting"
        assert made.statuses[f"web-{number}"].state == expected


def test_the_port_is_held_while_nobody_serves_it() -> None:
    made = plan([replica(0, Life.WAITING)], {})
    assert made.binds == {PORT}
    assert made.statuses["web-0"].ports


def test_each_replica_is_reached_at_its_own_port() -> None:
    changed = Wish(8000, "tcp", ("0.0.0.0",), 8080)
    made = plan([replica(0), replica(1, wishes=(changed,))], {})
    (route,) = made.routes
    assert route.endpoints == (Endpoint("172.18.0.2", 80, BRIDGE), Endpoint("172.18.0.3", 8000, BRIDGE))


def test_who_is_refused_a_port_is_served_on_none() -> None:
    made = plan([replica(0), replica(0, owner=Key("shop", "api"))], {})
    status = made.statuses["api-0"]
    assert (status.state, status.reason) == ("Refused", "PortTaken")
    assert addresses(made) == ["172.18.0.2"]


lives = st.sampled_from(list(Life))


@given(st.lists(st.tuples(st.sampled_from([WEB, Key("shop", "api")]), lives, st.integers(8080, 8081)), max_size=6))
def test_a_ruleset_says_what_the_plan_says(world: list[tuple[Key, Life, int]]) -> None:
    replicas = [
        replica(number, life, owner=owner, wishes=(Wish(80, "tcp", ("0.0.0.0", "::"), port),))
        for number, (owner, life, port) in enumerate(world)
    ]
    made = plan(replicas, {})
    text = ruleset("fizz-1", made.routes, {BRIDGE})

    by_uid = {each.wisher.uid: each for each in replicas}
    for uid, status in made.statuses.items():
        address = by_uid[uid].address
        assert (f" {address} ." in text) == (status.state == "Serving")
    for route in made.routes:
        refused = (
            f"meta nfproto {'ipv6' if ':' in route.bind.address else 'ipv4'} tcp dport {route.bind.port} fib" in text
        )
        assert refused == (not route.endpoints)
    assert text.startswith(no_table("fizz-1"))
    assert text.count("{") == text.count("}")
    for count, choices in re.findall(r"numgen inc mod (\d+) map \{ ([^}]*) \}", text):
        assert len(choices.split(", ")) == int(count)


def test_without_ports_there_is_no_table() -> None:
    assert ruleset("fizz-1", (), ()) == no_table("fizz-1")


def rules(made: Plan, chain: str, localnet: tuple[str, ...] = (BRIDGE,)) -> list[str]:
    body = ruleset("fizz-1", made.routes, localnet).partition(f"chain {chain} {{")[2].partition("\n  }")[0]
    return [line.strip() for line in body.splitlines() if line.strip() and not line.strip().startswith("type ")]


def test_the_rule_of_a_port() -> None:
    assert rules(plan([replica(0), replica(1)], {}), "ports") == [
        f"meta nfproto ipv4 tcp dport 8080 ct mark set ct mark or {MARK:#x} "
        "dnat ip to numgen inc mod 2 map { 0 : 172.18.0.2 . 80, 1 : 172.18.0.3 . 80 } "
        'comment "blog/web"'
    ]


def test_localhost_is_the_proxys_where_the_kernel_does_not_let_it_through() -> None:
    made = plan([replica(0)], {})
    assert rules(made, "ports", ())[0].startswith("ip daddr != 127.0.0.0/8 meta nfproto ipv4")
    assert rules(made, "guard", ()) == []
    assert rules(made, "guard") == ['iifname { "br-0" } ip daddr 127.0.0.0/8 drop']


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        pytest.param("10.0.0.1", "ip daddr 10.0.0.1 tcp dport 8080", id="one address"),
        pytest.param("127.0.0.1", "ip daddr 127.0.0.1 tcp dport 8080", id="localhost"),
        pytest.param("::1", "", id="::1 has none"),
        pytest.param("::", "", id="IPv6 has none for a container without"),
    ],
)
def test_the_rule_of_one_address(address: str, rule: str) -> None:
    made = plan([replica(0, wishes=(Wish(80, "tcp", (address,), 8080),))], {})
    found = rules(made, "ports")
    assert [each.partition(" ct mark")[0] for each in found] == ([rule] if rule else [])


def test_who_calls_his_own_network_is_left_to_the_proxy() -> None:
    first, *_ = rules(plan([replica(0)], {}), "prerouting")
    assert first == 'iifname "br-0" meta l4proto . th dport { tcp . 8080 } return'


def container(status: Mapping[str, Any] | None = None, **spec: Any) -> Container:
    metadata = {"name": "web-1-0", "namespace": "blog", "uid": "u", "labels": {labels.DEPLOYMENT: "web"}}
    ports = [{"containerPort": 80, "publish": True, "hostPort": 8080}]
    return Container.load({"metadata": metadata, "spec": {"image": "x", "ports": ports, **spec}, "status": status})


def network(name: str, identity: str = "0123456789abcdef", **spec: Any) -> Network:
    status = {"id": identity, "name": f"blog_{name}"}
    return Network.load({"metadata": {"name": name, "namespace": "blog"}, "spec": spec, "status": status})


def read(item: Container, *networks: Network) -> Replica:
    found = replica_of(item, {each.name: each for each in networks}, ipv6=False)
    assert found is not None
    return found


RUNS = {"phase": "Running", "ready": True, "ipAddresses": {"bridge": "172.17.0.2"}}


def test_a_container_is_read() -> None:
    found = read(container(RUNS))
    assert found.wisher == Wisher("u", WEB, 0, (HTTP,))
    assert (found.life, found.address, found.bridge) == (Life.READY, "172.17.0.2", "docker0")


@pytest.mark.parametrize(
    ("status", "life"),
    [
        pytest.param(None, Life.WAITING, id="new"),
        pytest.param({"phase": "Creating"}, Life.WAITING, id="creating"),
        pytest.param({"phase": "Running", "ready": False, "health": "starting"}, Life.RUNNING, id="not ready"),
        pytest.param({"phase": "Running", "ready": False, "reason": "Paused"}, Life.WAITING, id="paused"),
        pytest.param({"phase": "Restarting"}, Life.WAITING, id="restarting"),
        pytest.param({"phase": "Stopping"}, Life.LEAVING, id="stopping"),
    ],
)
def test_how_far_a_container_is(status: Mapping[str, Any] | None, life: Life) -> None:
    assert read(container(status)).life is life


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(container(ports=[{"containerPort": 80}]), id="only exposed"),
        pytest.param(container(ports=[{"containerPort": 80, "hostPort": 80, "publish": False}]), id="not to publish"),
        pytest.param(container(ports=[{"containerPort": 80, "hostPort": 80, "mode": "host"}]), id="mode host"),
        pytest.param(container(ports=[{"containerPort": 80, "hostPort": 80, "protocol": "sctp"}]), id="sctp"),
        pytest.param(container(networkMode="host"), id="network mode host"),
        pytest.param(container(networkMode="container:web"), id="network of another"),
        pytest.param(container({"phase": "Succeeded"}), id="done"),
    ],
)
def test_what_is_not_the_ingresss_business(item: Container) -> None:
    assert replica_of(item, {}, ipv6=True) is None


BY_ID = "br-0123456789ab"
NAMED = {"com.docker.network.bridge.name": "lan0"}


@pytest.mark.parametrize(
    ("networks", "address", "bridge"),
    [
        pytest.param([network("b")], "10.0.2.2", BY_ID, id="a bridge by id"),
        pytest.param([network("b"), network("a")], "10.0.1.2", BY_ID, id="the first by name"),
        pytest.param([network("b"), network("a", internal=True)], "10.0.2.2", BY_ID, id="not an internal one"),
        pytest.param([network("b"), network("a", driver="macvlan")], "10.0.2.2", BY_ID, id="not a macvlan"),
        pytest.param(
            [network("b", driverOpts={"com.docker.network.bridge.name": "lan0"})],
            "10.0.2.2",
            "lan0",
            id="a named bridge",
        ),
        pytest.param([], "", "", id="no network yet"),
    ],
)
def test_through_which_network_it_answers(networks: list[Network], address: str, bridge: str) -> None:
    status = {**RUNS, "ipAddresses": {"a": "10.0.1.2", "b": "10.0.2.2"}}
    found = read(container(status, networks=[{"name": "b"}, {"name": "a"}]), *networks)
    assert (found.address, found.bridge) == (address, bridge)


def test_gateway_priority_goes_before_names() -> None:
    status = {**RUNS, "ipAddresses": {"a": "10.0.1.2", "b": "10.0.2.2"}}
    item = container(status, networks=[{"name": "a"}, {"name": "b", "gwPriority": 1}])
    assert read(item, network("a"), network("b")).address == "10.0.2.2"


def test_without_ipv6_on_the_host_nothing_is_published_there() -> None:
    item = container()
    with_it, without = (replica_of(item, {}, ipv6=ipv6) for ipv6 in (True, False))
    assert with_it is not None
    assert without is not None
    assert with_it.wisher.wishes[0].addresses == ("0.0.0.0", "::")
    assert without.wisher.wishes[0].addresses == ("0.0.0.0",)


WORLDS = st.lists(
    st.tuples(st.sampled_from([WEB, Key("shop", "api"), Key("shop", "web")]), lives, st.integers(8080, 8082)),
    max_size=7,
)
TAKEN = st.sets(st.integers(8080, 8082), max_size=2)


def held(each: Replica, made: Plan) -> Replica:
    """The replica after it was told what it has."""
    status = made.statuses[each.wisher.uid]
    binds = {(port.container_port, Bind(port.host_ip or "", port.host_port or 0, "tcp")) for port in status.ports or []}
    return replace(each, wisher=replace(each.wisher, held=frozenset(binds)), status=status)


@given(world=WORLDS, ports=TAKEN)
def test_a_plan_stays_when_it_was_told_and_leads_only_to_its_owners_replicas(
    world: list[tuple[Key, Life, int]], ports: set[int]
) -> None:
    replicas = [
        replica(number, life, owner=owner, wishes=(Wish(80, "tcp", ("0.0.0.0",), port),))
        for number, (owner, life, port) in enumerate(world)
    ]
    taken = {Bind("0.0.0.0", port, "tcp"): "somebody else listens there" for port in ports}

    made = plan(replicas, taken)
    told = [held(each, made) for each in replicas]

    assert plan(told, taken) == made, "what was decided is decided again"
    owners = {route.bind: route.owner for route in made.routes}
    freed = {route.bind: route.owner for route in plan(told[::-1], {}).routes}
    assert owners.items() <= freed.items(), "who has a port keeps it, whoever is looked at first"
    assert not made.binds & set(taken), "what somebody else has is left alone"
    leaving = {each.address for each in replicas if each.life is Life.LEAVING}
    by_address = {each.address: each.wisher.owner for each in replicas if each.address}
    for route in made.routes:
        for endpoint in route.endpoints:
            assert endpoint.address not in leaving, "who leaves gets nothing new"
            assert by_address[endpoint.address] == route.owner
