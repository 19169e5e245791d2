"""`x-fizz.probe`: probes of the node agent, as they are written in a compose file.

x-fizz:
  probe:
    readiness: {http: {port: 80, path: /ready}, interval: 2s}
    liveness: {tcp: {port: 80}, failure_threshold: 5}
    startup: {exec: {command: ["test", "-e", "/run/up"]}}
"""

from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import Duration, ListOf, Loose, Pairs, Reader, Table, Text, Whole, yes
from fizz.client.compose.spec.commands import Command

__all__ = ["PROBES"]

_OWNER: Final = "x-fizz"
_PORT: Final = Whole(1, 65535)


def _command(node: Node, path: Path, reader: Reader) -> Node | None:
    """A command alone: `exec: test -e /run/up`."""
    return Node({"command": node}, node.file, node.line, node.column, keys={"command": node})


_HTTP: Final = Table(
    {
        "port": yes(_PORT, "port in the container"),
        "path": yes(Text(), "path, / if absent"),
        "scheme": yes(Text(choices=("http", "https")), "http if absent; certificates are not checked"),
        "headers": yes(Pairs(), "headers of the request"),
        "status": yes(ListOf(Loose(), single=True), "good answers, as 204 or 200-299; 200-399 if absent"),
    },
    required=("port",),
    owner=_OWNER,
)
_TCP: Final = Table({"port": yes(_PORT, "port in the container")}, required=("port",), owner=_OWNER)
_EXEC: Final = Table(
    {"command": yes(Command(), "a command in the container, without a shell")},
    short=_command,
    required=("command",),
    wanted="a command, or a mapping",
    owner=_OWNER,
)


def _probe(*, several: bool) -> Table:
    successes = {"success_threshold": yes(Whole(1), "successes in a row that count, 1 if absent")} if several else {}
    return Table(
        {
            "http": yes(_HTTP, "it works if the answer is a good one"),
            "tcp": yes(_TCP, "it works if the port takes connections"),
            "exec": yes(_EXEC, "it works if the command ends with exit code 0"),
            "interval": yes(Duration(), "time between probes, 10s if absent"),
            "timeout": yes(Duration(), "time after which a probe has failed, 1s if absent"),
            "initial_delay": yes(Duration(), "time from the start to the first probe"),
            "failure_threshold": yes(Whole(1), "failures in a row that count, 3 if absent"),
            **successes,
        },
        owner=_OWNER,
    )


PROBES: Final = Table(
    {
        "readiness": yes(_probe(several=True), "readinessProbe: whether it gets connections"),
        "liveness": yes(_probe(several=False), "livenessProbe: whether it is restarted"),
        "startup": yes(_probe(several=False), "startupProbe: the others wait until it has succeeded"),
    },
    owner=_OWNER,
)
