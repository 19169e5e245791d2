"""Backups of a server that is being written to, by processes that are killed at any moment."""

import json
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.harness import Fizz, Server, eventually

MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{number: "{number}", ballast: "{ballast}"}}
"""


@pytest.fixture
def api(make_server: Callable[[], Server]) -> Iterator[Server]:
    """An API server alone, with a hundred objects of some size."""
    server = make_server()
    with running(server):
        documents = [MANIFEST.format(name=f"m{number:03}", number=number, ballast="x" * 5000) for number in range(100)]
        server.fizz("apply", "-f", "-", stdin="---".join(documents))
        yield server


@contextmanager
def running(server: Server) -> Iterator[None]:
    with server.log.open("a") as log:
        process = server.fizz.start("apiserver", output=log.fileno())
    try:
        eventually(server.ready, what="the API server is ready")
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def written(fizz: Fizz) -> Iterator[None]:
    """Pairs of objects are written all the time, both of a pair in one transaction."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            pair = [MANIFEST.format(name=name, number=number, ballast="") for name in ("left", "right")]
            fizz("apply", "-f", "-", stdin="---".join(pair))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def numbers(fizz: Fizz) -> dict[str, str]:
    items = json.loads(fizz("get", "configmaps", "-n", "default", "-o", "json").stdout)["items"]
    return {item["metadata"]["name"]: item["data"]["number"] for item in items}


def test_a_backup_under_load_is_of_one_moment_and_comes_up_elsewhere(
    api: Server, make_server: Callable[[], Server], tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    with written(api.fizz):
        eventually(lambda: "right" in numbers(api.fizz), what="the first pair")
        for _ in range(3):
            told = api.fizz("backup", "--force", file).stderr
    before = numbers(api.fizz)
    refused = api.fizz("restore", file, "--force", code=1).stderr
    piped = tmp_path / "piped"
    with piped.open("wb") as output:
        subprocess.run(api.fizz.command("backup", "-"), env=api.fizz.environment, stdout=output, check=True)

    other = make_server()
    checked = other.fizz("restore", file, "--check").stdout
    restored = other.fizz("restore", file).stdout
    with running(other):
        after = numbers(other.fizz)
        other.fizz("apply", "-f", "-", stdin=MANIFEST.format(name="left", number="later", ballast=""))
        later = other.fizz("get", "configmap", "left", "-n", "default", "-o", "jsonpath={.metadata.resourceVersion}")
    shutil.rmtree(other.folder / "store")
    with piped.open("rb") as source:
        subprocess.run(other.fizz.command("restore", "-"), env=other.fizz.environment, stdin=source, check=True)
    with running(other):
        assert numbers(other.fizz) == before

    assert "saved " in told
    assert "it holds Secrets and keys" in told
    assert "stop that one first" in refused
    assert checked.replace("whole: ", "restored ") == restored
    assert after["left"] == after["right"]
    assert len(after) == 102
    assert int(later.stdout) > 1_000_000_000
    assert (api.folder / "keys").exists() == (other.folder / "keys").exists()


def test_a_backup_that_is_killed_leaves_no_half_of_one(api: Server, tmp_path: Path) -> None:
    dice = random.Random(5)
    for number in range(4):
        file = tmp_path / f"backup-{number}"
        saving = api.fizz.start("backup", file)
        time.sleep(dice.random() * 0.8)  # a random moment is what is tested
        saving.send_signal(signal.SIGKILL)
        saving.wait()
        if file.exists():
            api.fizz("restore", "--check", file)
        api.fizz("backup", "--force", file)
        api.fizz("restore", "--check", file)


def test_a_restore_that_is_killed_leaves_the_old_or_the_new(
    api: Server, make_server: Callable[[], Server], tmp_path: Path
) -> None:
    file, dice, seen = tmp_path / "backup", random.Random(6), set()
    api.fizz("backup", file)
    other = make_server()
    with running(other):
        other.fizz("apply", "-f", "-", stdin=MANIFEST.format(name="mine", number=1, ballast=""))
    old = Path(tempfile.mkdtemp(dir=tmp_path))
    shutil.copytree(other.folder / "store", old / "store")
    for _ in range(4):
        restoring = other.fizz.start("restore", "--force", file)
        time.sleep(0.3 + dice.random() * 0.9)  # a random moment is what is tested
        restoring.send_signal(signal.SIGKILL)
        restoring.wait()
        with running(other):
            found = numbers(other.fizz)
        assert found in ({"mine": "1"}, numbers(api.fizz)), found
        seen.add(len(found))
        shutil.rmtree(other.folder / "store")
        shutil.copytree(old / "store", other.folder / "store")
    other.fizz("restore", "--force", file)
    with running(other):
        assert numbers(other.fizz) == numbers(api.fizz)
    assert seen
