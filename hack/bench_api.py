"""Rows about the API server: its reads, writes and watches beside those of etcd's HTTP gateway, its memory, its growth.

The objects are ConfigMaps of 1 KB. Where Fizz validates, defaults, prunes, tracks who owns which field and gives each a
version, etcd stores the bytes.
"""

import asyncio
import json
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from fizz.apiserver.store.lmdb_store import LmdbStore
from fizz.apiserver.store.types import Change
from hack import bench_servers as servers
from hack.bench_harness import Goal, Jobs, Row
from hack.bench_load import Request, delivery, latency, post, rate

__all__ = ["ROWS"]

_PEER: Final = "etcd"
_PAYLOAD: Final = "x" * 900
_PATH: Final = "/api/v1/namespaces/default/configmaps"
_TRANSACTIONS: Final = "/apis/fizz.dev/v1/transactions"
_TRANSACTION: Final = {"apiVersion": "fizz.dev/v1", "kind": "Transaction"}
_LISTED: Final = 10_000
_PER_REQUEST: Final = 100
_MANY, _FEW, _BATCH = 1_000_000, 1_000, 1_000

_KEY: Final = "0" * 16
_ALL: Final = {
    "key": "AAAA",
    "range_end": "////",
}  # from the first key to the last, in base64 as etcd's gateway has them
_VALUE: Final = "eHh4" * 342

_CREATE: Final = Request(
    "POST",
    _PATH,
    json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "o-%s"}, "data": {"k": _PAYLOAD}}),
)
_PUT: Final = Request("POST", "/v3/kv/put", json.dumps({"key": "%s", "value": _VALUE}))
_WATCH_ETCD: Final = Request("POST", "/v3/watch", json.dumps({"create_request": _ALL}))
_MARK, _MARK_ETCD = b'{"type":"', b'"kv":{'


@contextmanager
def _both(folder: Path) -> Iterator[tuple[str, str]]:
    with servers.fizz(folder) as (ours, _), servers.etcd(folder) as theirs:
        yield ours, theirs


@contextmanager
def _writes(folder: Path) -> Iterator[Jobs]:
    with _both(folder) as (ours, theirs):
        yield partial(rate, ours, _CREATE, folder), partial(rate, theirs, _PUT, folder)


@contextmanager
def _gets(folder: Path) -> Iterator[Jobs]:
    with _both(folder) as (ours, theirs):
        post(ours, [_CREATE])
        post(theirs, [_PUT])
        get = Request("GET", f"{_PATH}/o-{_KEY}")
        read = Request("POST", "/v3/kv/range", json.dumps({"key": _KEY}))
        yield partial(rate, ours, get, folder), partial(rate, theirs, read, folder)


@contextmanager
def _lists(folder: Path) -> Iterator[Jobs]:
    with _both(folder) as (ours, theirs):
        post(ours, [_many(first, _created, _TRANSACTIONS) for first in _hundreds()])
        post(theirs, [_many(first, _put, "/v3/kv/txn") for first in _hundreds()])
        read = Request("POST", "/v3/kv/range", json.dumps(_ALL))
        yield (
            partial(rate, ours, Request("GET", _PATH), folder, connections=4),
            partial(rate, theirs, read, folder, connections=4),
        )


def _hundreds() -> range:
    return range(0, _LISTED, _PER_REQUEST)


def _many(first: int, made: Callable[[int], Any], path: str) -> Request:
    changes = [made(number) for number in range(first, first + _PER_REQUEST)]
    if path == _TRANSACTIONS:
        return Request("POST", path, json.dumps({**_TRANSACTION, "operations": changes}))
    return Request("POST", path, json.dumps({"success": changes}))


def _created(number: int) -> Any:
    obj = json.loads(_CREATE.body.replace("%s", f"{number:016d}"))
    obj["metadata"]["namespace"] = "default"
    return {"verb": "create", "object": obj}


def _put(number: int) -> Any:
    return {"request_put": {"key": f"{number:016d}", "value": _VALUE}}


@contextmanager
def _watched(folder: Path, measured: Callable[..., float]) -> Iterator[Jobs]:
    with _both(folder) as (ours, theirs):

        def job() -> float:
            watch = Request("GET", f"{_PATH}?watch=1&resourceVersion={_revision(ours)}")
            return measured(ours, watch, _MARK, _CREATE)

        yield job, lambda: measured(theirs, _WATCH_ETCD, _MARK_ETCD, _PUT)


def _revision(where: str) -> str:
    with urllib.request.urlopen(f"http://{where}/apis/fizz.dev/v1/serverinfo", timeout=10) as answer:
        revision: str = json.load(answer)["revision"]
        return revision


@contextmanager
def _at_rest(folder: Path) -> Iterator[Jobs]:
    """The server with all its controllers and the node's agent, once it has nothing to do."""
    with servers.fizz(folder, "server", "--node-name", "bench", "--ingress", "engine") as (_, pid):
        yield partial(_resident, pid), None


def _resident(pid: int) -> float:
    """Megabytes of memory that a process and its children hold, each with what it shares with the others.

    It is the lowest of a second's readings: a moment at which nothing was going on.
    """
    readings = []
    for _ in range(20):
        time.sleep(0.05)
        readings.append(sum(_resident_of(each) for each in _family(pid)))
    return min(readings) / 1e3


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident_of(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return float(status.partition("VmRSS:")[2].split()[0]) * 1.024


@contextmanager
def _grown(folder: Path) -> Iterator[Jobs]:
    """A server with a million objects beside one with a thousand."""
    large, small = folder / "large", folder / "small"
    for where, objects in ((large, _MANY), (small, _FEW)):
        where.mkdir()
        asyncio.run(_fill(where / "data" / "store", objects))
    with servers.fizz(large) as (much, _), servers.fizz(small) as (little, _):
        yield partial(rate, much, _CREATE, folder), partial(rate, little, _CREATE, folder)


async def _fill(store: Path, objects: int) -> None:
    """Put objects where a server will find them, as it would have stored them."""
    filled = await LmdbStore.open(store)
    for first in range(0, objects, _BATCH):
        await filled.commit([_stored(number) for number in range(first, first + _BATCH)])
    await filled.close()


def _stored(number: int) -> Change:
    name = f"o-{number:016d}"
    metadata = {"name": name, "namespace": "default", "uid": str(uuid.UUID(int=number)), "generation": 1}
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": _PAYLOAD}}
    return Change(f"/core/configmaps/default/{name}", json.dumps(obj).encode(), expected=0)


_FAN_OUT = partial(_watched, measured=partial(delivery, watchers=100, writes=200))
_TO_WATCHER = partial(_watched, measured=partial(latency, writes=150))

ROWS: Sequence[Row] = [
    Row("write", "durable creation of an object, 32 connections", _PEER, Goal(ratio=1.0), _writes, 5, "µs each"),
    Row("get", "reading one object, 32 connections", _PEER, Goal(ratio=0.25), _gets, 5, "µs each"),
    Row("list", "listing 10,000 objects, 4 connections", _PEER, Goal(ratio=0.25), _lists, 5, "µs each"),
    Row("fan-out", "one writer, 100 watchers", _PEER, Goal(ratio=0.5), _FAN_OUT, 5, "µs an event"),
    Row("to-watcher", "write to event at an idle watcher, p99", _PEER, Goal(most=10.0), _TO_WATCHER, 3, "ms"),
    Row("memory", "server with all controllers at rest", "nobody", Goal(most=150.0), _at_rest, 3, "MB"),
    Row("growth", "creation among 1,000,000 objects", "itself with 1,000", Goal(ratio=1.5), _grown, 5, "µs each"),
]
