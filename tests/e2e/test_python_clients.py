"""The Python clients of Kubernetes work as released: objects, patches, watches, leader election.

Each runs as a program of its own (see clients/): what they leave open at their end is no business of ours.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Final

import pytest

from tests.e2e.harness import Server, eventually
from tests.e2e.machinery import Program, define_crontabs, serving

_CLIENTS: Final = Path(__file__).parent / "clients"


@pytest.fixture(scope="module")
def kubeconfig(
    make_server: Callable[[], Server], kubectl: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    with serving(make_server()) as path:
        program = Program(kubectl, path, tmp_path_factory.mktemp("clients"))
        define_crontabs(program)
        yield path


@pytest.mark.parametrize(
    "script",
    [
        "kubernetes_typed.py",
        "kubernetes_dynamic.py",
        "kubernetes_asyncio_client.py",
        "lightkube_client.py",
        "kr8s_client.py",
    ],
)
def test_a_client_does_all_that_it_can(script: str, kubeconfig: Path, tmp_path: Path) -> None:
    python = Program(sys.executable, kubeconfig, tmp_path)
    python(_CLIENTS / script, kubeconfig)


def test_leadership_goes_on_when_the_leader_dies(kubeconfig: Path, tmp_path: Path) -> None:
    python = Program(sys.executable, kubeconfig, tmp_path)
    kinds = ("configmap", "lease", "asyncio")
    logs = {(name, kind): tmp_path / f"{name}-{kind}.log" for kind in kinds for name in ("one", "two")}
    running: list[Popen[str]] = []

    def start(name: str) -> None:
        running.extend(
            python.start(_CLIENTS / "leader.py", kubeconfig, name, kind, log=logs[name, kind]) for kind in kinds
        )

    def leads(name: str) -> bool:
        return all(f"{name} leads" in logs[name, kind].read_text() for kind in kinds)

    try:
        start("one")
        eventually(lambda: leads("one"), what="the first ones lead")
        start("two")
        for process in running[: len(kinds)]:
            process.kill()
        eventually(lambda: leads("two"), what="the second ones take over")
    finally:
        for process in running:
            process.kill()
            process.wait(10)
