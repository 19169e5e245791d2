"""What the tests with the real kubectl share: a server with a custom kind, and kubectl in a namespace of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.e2e.harness import Server
from tests.e2e.machinery import Program, define_crontabs, serving

__all__ = ["TAB", "in_namespace", "namespace_of", "with_crontabs"]

TAB: Final = """
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: my, labels: {app: my}}
spec: {cronSpec: "* * * * */5", replicas: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: my, labels: {app: my}}
data: {a: b}
"""
"""One object of a custom kind, and one of a core kind."""


def with_crontabs(server: Server, kubectl: str, folder: Path) -> Iterator[Program]:
    """kubectl with a server that knows CronTabs."""
    with serving(server) as kubeconfig:
        program = Program(kubectl, kubeconfig, folder)
        define_crontabs(program)
        yield program


def in_namespace(kubectl: Program, name: str) -> Iterator[Program]:
    """kubectl in a new namespace that has `TAB` in it, and goes in the end."""
    kubectl("create", "namespace", name)
    kubectl("config", "set-context", "--current", f"--namespace={name}")
    kubectl("apply", "-f", "-", stdin=TAB)
    yield kubectl
    kubectl("delete", "namespace", name, "--wait=false")


def namespace_of(kubectl: Program) -> str:
    """The namespace that it is in."""
    return kubectl("config", "view", "--minify", "-o", "jsonpath={..namespace}")
