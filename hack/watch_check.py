"""Has many clients write, list and watch under faults, and checks what they saw; see hack/watch_history.py for what
must be true. Rounds of up to a minute each are checked by themselves.

The server runs in a process of its own, on a unix socket, with little history, and is killed now and then (SIGKILL) and
started again on the same data. Clients break their connections, read slowly, and come back where they were; what is
told to be too old (410) begins anew. A round that came upon none of these faults has proven nothing, and fails.
"""

import asyncio
import contextlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import click
import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from fizz.apiserver import app
from fizz.apiserver.config import Config
from fizz.apiserver.store.compaction import Retention
from hack.watch_clients import (
    NAMES,
    NAMESPACE,
    PATHS,
    Lister,
    Round,
    Watcher,
    Writer,
    body_of,
    item_of,
    listed,
    selections,
)
from hack.watch_history import History, Item, Place, Selection, Write, problems, unseen

JSON = dict[str, Any]
_ROUND_SECONDS: Final = 60.0
_WRITERS: Final = 4
_RETENTION: Final = Retention(age=3, count=2000, interval=1)
_QUIET_SECONDS: Final = 60.0  # at most, until all watches have seen the end of a round
_PROBE: Final[JSON] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "probes.check.fizz.dev"},
    "spec": {
        "group": "check.fizz.dev",
        "scope": "Namespaced",
        "names": {"plural": "probes", "kind": "Probe"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"data": {"type": "object", "properties": {"token": {"type": "string"}}}},
                    }
                },
            }
        ],
    },
}
_DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Server:
    """The API server, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "fizz.sock"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = await asyncio.to_thread(self._start)
        async with asyncio.timeout(60), _client(self.socket) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get("/readyz")).status_code == 200:
                        return
                if self._process.poll() is not None:
                    raise click.ClickException(f"the server ended: see {self._folder}/server.log")
                await asyncio.sleep(0.05)

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._folder / "server.log").open("ab") as log:
            command = [sys.executable, __file__, "--serve", str(self._folder)]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it at once, without a word."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


def _client(socket: Path) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=200))
    return httpx.AsyncClient(transport=transport, base_url="http://fizz", timeout=httpx.Timeout(30))


async def _one_round(server: Server, dice: random.Random, seconds: float) -> Round:
    async with _client(server.socket) as client:
        around = Round(client, History(0, 0, {}), dice)
        await _prepare(around)
        around.history = await _base(around)
        everything = frozenset(PATHS)
        watchers = [
            *(Watcher(around, selection, "list") for kind in PATHS for selection in selections(kind)),
            *(Watcher(around, Selection(frozenset({kind})), "list") for kind in PATHS),
            *(Watcher(around, selection, "stream") for selection in selections("configmaps")),
            Watcher(around, Selection(frozenset({"secrets"}), label="b"), "now"),
            Watcher(around, Selection(frozenset({"probes"})), "zero"),
            Watcher(around, Selection(frozenset({"probes"}), label="a"), "events"),
            Watcher(around, Selection(everything), "events"),
            Watcher(around, Selection(everything, label="a"), "events"),
            Watcher(around, Selection(frozenset({"configmaps"})), "list", slow=True),
        ]
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(watcher.run()) for watcher in watchers]
            while not all(watcher.has_begun for watcher in watchers):  # noqa: ASYNC110 - from the first write on
                await asyncio.sleep(0.05)
            working = [group.create_task(Writer(around, f"w{index}").run()) for index in range(_WRITERS)]
            working += [group.create_task(Lister(around).run()) for _ in range(2)]
            working.append(group.create_task(_faults(around, server)))
            await asyncio.sleep(seconds)
            around.ended = True
            await asyncio.wait(working)
            around.final = around.history.end = await _marked(around)
            _, late = await asyncio.wait(watching, timeout=_QUIET_SECONDS)
            if late:
                waiting = [str(index) for index, task in enumerate(watching) if task in late]
                raise click.ClickException(f"watches {', '.join(waiting)} never came to version {around.final}")
        return around


async def _prepare(around: Round) -> None:
    for path, body in (
        ("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}}),
        (_DEFINITIONS, _PROBE),
    ):
        code, answer = await around.ask("POST", path, body)
        if code not in {201, 409}:
            raise click.ClickException(f"{path}: {answer}")
    while (await around.ask("GET", PATHS["probes"]))[0] != 200:  # noqa: ASYNC110 - it tells by HTTP only
        await asyncio.sleep(0.05)


async def _base(around: Round) -> History:
    """What is there, all as of one version; nobody writes now."""
    base: dict[Place, Item] = {}
    begin = 0
    for kind in PATHS:
        listing = await listed(around, kind, Selection(frozenset({kind})), {})
        base |= dict(listing.items)
        begin = max(begin, listing.version)
    return History(begin, begin, base)


async def _marked(around: Round) -> int:
    """Write once more, where every selection sees it, and give the version of the last write."""
    last = 0
    for kind in PATHS:
        for name, label in ((NAMES[0], "a"), (NAMES[1], "b"), (NAMES[2], "a")):
            token = f"end-{around.history.begin}-{kind}-{name}"
            body = body_of(kind, name, token, label)
            code, answer = await around.ask("PATCH", f"{PATHS[kind]}/{name}", body)
            if code == 404:
                code, answer = await around.ask("POST", PATHS[kind], body)
            item = item_of(kind, answer)
            around.history.writes.append(Write((kind, name), True, item.version, item.uid, item.token))
            last = max(last, item.version)
    return last


async def _faults(around: Round, server: Server) -> None:
    """Kill the server now and then."""
    while not around.ended:
        await asyncio.sleep(around.dice.uniform(4, 12))
        if around.ended:
            return
        await asyncio.to_thread(server.kill)
        around.seen["server killed"] += 1
        await server.start()


def _seconds(context: click.Context, parameter: click.Parameter, value: str) -> float:
    match = re.fullmatch(r"(\d+)(s|m|h)", value)
    if not match:
        raise click.BadParameter("write a number and a unit, as 60s, 10m or 1h")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


@click.command(help=__doc__)
@click.option("--duration", callback=_seconds, default="60s", show_default=True, help="How long clients work.")
@click.option("--seed", type=int, help="What the dice begin with.  [default: another one each time]")
@click.option("--serve", type=click.Path(path_type=Path), hidden=True, help="Be the server.")
def main(duration: float, seed: int | None, serve: Path | None) -> None:
    if serve:
        asyncio.run(app.serve(Config(store=serve / "store", socket=serve / "fizz.sock", retention=_RETENTION)))
        return
    seed = random.randrange(1 << 32) if seed is None else seed
    click.echo(f"seed {seed}")
    asyncio.run(_check(duration, random.Random(seed)))


async def _check(duration: float, dice: random.Random) -> None:
    total: Counter[str] = Counter()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fizz-watch-check-") as folder:
        server = Server(Path(folder))
        try:
            await server.start()
            while (left := duration - (time.monotonic() - started)) > 0:
                around = await _one_round(server, dice, min(left, _ROUND_SECONDS))
                total += around.seen
                if holes := list(unseen(around.history)):
                    total[_UNPROVEN] += 1
                    click.echo(f"{time.monotonic() - started:6.0f} s  no verdict: {'; '.join(holes)}")
                    continue
                found = problems(around.history)
                total[_PROVEN] += 1
                click.echo(f"{time.monotonic() - started:6.0f} s  {_told(around.seen)}  problems={len(found)}")
                if found:
                    raise click.ClickException("\n".join(found[:40]))
                total["mutilated histories caught"] += _caught(around.history, dice)
        finally:
            server.kill()
    missing = [fault for fault in _EXPECTED if not total[fault]]
    if total[_UNPROVEN] > total[_PROVEN] / 4:
        raise click.ClickException(f"too few rounds have a verdict: {_told(total)}")
    if missing:
        raise click.ClickException(f"nothing is proven: there was none of {', '.join(missing)}")
    click.echo(f"no problems: {_told(total)}")


def _caught(history: History, dice: random.Random) -> bool:
    """Take one event out of what a watch told, and see that it is missed: who never finds anything proves nothing."""
    candidates = [
        (chain, index)
        for chain in history.chains
        if chain.start is not None and not chain.selection.is_whole
        for index, change in enumerate(chain.changes)
        if change.item.version < chain.last
    ]
    if not candidates:
        return False
    chain, index = dice.choice(candidates)
    taken = chain.changes.pop(index)
    if not problems(history):
        raise click.ClickException(f"{chain.name}: nobody missed {taken}")
    return True


_PROVEN: Final = "rounds"
_UNPROVEN: Final = "rounds without a verdict"
_EXPECTED: Final = (
    "mutilated histories caught",
    "server killed",
    "connections broken",
    "connections cut",
    "lists",
    "events",
)


def _told(seen: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(seen.items()))


if __name__ == "__main__":
    main()
