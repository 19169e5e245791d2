"""The ingress as one table of nftables. Pure: from routes to text for `nft -f -`.

The text replaces the whole table in one transaction of the kernel: there is no moment without rules or with half of
them, and it means the same however often it is applied. Connections that stand are not asked again (NAT decides only at
a connection's first packet), so they outlive every change.

    published   the ports that are ours: everything else passes with one look
    guard       packets to 127.0.0.0/8 from a bridge are dropped, before anything else: route_localnet lets them in
    prerouting  what comes from outside and from containers; who calls his own network goes to the proxy, see below
    output      what comes from this host
    ports       one rule a port, which picks the next replica (numgen inc: round-robin) and rewrites the destination
    postrouting 127.0.0.1 cannot leave the host, so it gets the bridge's address as source; everybody else keeps his own
    refuse      a port without replicas answers "connection refused"

Connections that the ingress has redirected bear `MARK` in their connection mark: the one rule in the engine's chain
DOCKER-USER that lets them pass asks for it.

Three things NAT cannot do, and there the packet reaches the listening socket of the ingress's own proxy: lead to an
endpoint of the other family; lead from ::1 to anywhere; lead a container back into its own network, where the answer
would take the short way and, with br_netfilter, a container could not even reach itself.

Source: nft(8), "NAT statements", "numgen expression"; https://wiki.nftables.org, "Load balancing".
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from fizz.controllers.network.ingress.plan import Endpoint, Route
from fizz.controllers.network.ingress.ports import Bind

__all__ = ["MARK", "no_table", "ruleset"]

MARK: Final = 0x10000000
"""One bit of the connection mark; the others are left alone."""
_BEFORE_ENGINE: Final = 10
"""How much earlier than the engine's own NAT (priority -100 and 100) ours is asked."""


def no_table(table: str) -> str:
    """The text after which the table is not there, whether it was there before or not."""
    return f"table inet {table}\ndelete table inet {table}\n"


def ruleset(table: str, routes: Sequence[Route], localnet: Collection[str]) -> str:
    """The text after which the table is what the routes say. `localnet` are the bridges over which a packet from
    127.0.0.1 may leave the host.
    """
    if not routes:
        return no_table(table)
    bridges = sorted({endpoint.bridge for route in routes for endpoint in route.endpoints if endpoint.bridge})
    lines = [
        f"table inet {table} {{",
        "  set published {",
        "    type inet_proto . inet_service",
        f"    elements = {{ {', '.join(_published(routes))} }}",
        "  }",
        *_chain("guard", "filter", "prerouting", "raw", _guard(bridges, localnet)),
        *_chain("prerouting", "nat", "prerouting", -100 - _BEFORE_ENGINE, [*_own(routes), _OURS]),
        *_chain("output", "nat", "output", -100 - _BEFORE_ENGINE, [_OURS]),
        "  chain ports {",
        *(f"    {line}" for line in _ports(routes, localnet)),
        "  }",
        *_chain("postrouting", "nat", "postrouting", 100 - _BEFORE_ENGINE, _POSTROUTING),
        *_chain("refuse", "filter", "input", -_BEFORE_ENGINE, _refuse(routes)),
        "}",
    ]
    return no_table(table) + "\n".join(lines) + "\n"


_OURS: Final = "meta l4proto . th dport @published fib daddr type local jump ports"
_POSTROUTING: Final = (f"ct mark & {MARK:#x} == 0 return", "ip saddr 127.0.0.0/8 masquerade")


def _chain(name: str, kind: str, hook: str, priority: int | str, rules: Iterable[str]) -> list[str]:
    head = f"type {kind} hook {hook} priority {priority}; policy accept;"
    return [f"  chain {name} {{", f"    {head}", *(f"    {rule}" for rule in rules), "  }"]


def _published(routes: Sequence[Route]) -> list[str]:
    return sorted({f"{route.bind.protocol} . {route.bind.port}" for route in routes})


def _guard(bridges: Sequence[str], localnet: Collection[str]) -> list[str]:
    open_to = [f'"{bridge}"' for bridge in bridges if bridge in localnet]
    return [f"iifname {{ {', '.join(open_to)} }} ip daddr 127.0.0.0/8 drop"] if open_to else []


def _own(routes: Sequence[Route]) -> Iterator[str]:
    """For each bridge the ports that lead back into it: who comes from there is left to the proxy."""
    back: dict[str, set[str]] = {}
    for route in routes:
        for endpoint in route.endpoints:
            if endpoint.bridge:
                back.setdefault(endpoint.bridge, set()).add(f"{route.bind.protocol} . {route.bind.port}")
    for bridge, ports in sorted(back.items()):
        yield f'iifname "{bridge}" meta l4proto . th dport {{ {", ".join(sorted(ports))} }} return'


def _ports(routes: Sequence[Route], localnet: Collection[str]) -> Iterator[str]:
    """The rules of single addresses first: they are more special than those of all."""
    for route in sorted(routes, key=lambda each: (each.bind.is_wildcard, each.bind)):
        endpoints = [each for each in route.endpoints if (":" in each.address) == (":" in route.bind.address)]
        if not endpoints:
            continue
        match = _match(route.bind)
        if route.bind.is_wildcard and ":" not in route.bind.address and not _all_in(endpoints, localnet):
            match = f"ip daddr != 127.0.0.0/8 {match}"
        elif route.bind.address.startswith("127.") and not _all_in(endpoints, localnet):
            continue  # the proxy listens there
        elif route.bind.address == "::1":
            continue  # a packet from ::1 cannot leave the host
        elif route.bind.address == "::":
            match = f"ip6 daddr != ::1 {match}"
        comment = f'comment "{route.owner.namespace}/{route.owner.name}"'
        yield f"{match} ct mark set ct mark or {MARK:#x} dnat {_family(route.bind)} to {_target(endpoints)} {comment}"


def _all_in(endpoints: Sequence[Endpoint], localnet: Collection[str]) -> bool:
    return all(endpoint.bridge in localnet for endpoint in endpoints)


def _target(endpoints: Sequence[Endpoint]) -> str:
    choices = ", ".join(f"{index} : {each.address} . {each.port}" for index, each in enumerate(endpoints))
    return f"numgen inc mod {len(endpoints)} map {{ {choices} }}"


def _match(bind: Bind) -> str:
    family = _family(bind)
    protocol = "ipv6" if family == "ip6" else "ipv4"
    where = f"meta nfproto {protocol}" if bind.is_wildcard else f"{family} daddr {bind.address}"
    return f"{where} {bind.protocol} dport {bind.port}"


def _family(bind: Bind) -> str:
    return "ip6" if ":" in bind.address else "ip"


def _refuse(routes: Sequence[Route]) -> Iterator[str]:
    for route in routes:
        if not route.endpoints:
            how = "reject with tcp reset" if route.bind.protocol == "tcp" else "reject"
            yield f"{_match(route.bind)} fib daddr type local {how}"
