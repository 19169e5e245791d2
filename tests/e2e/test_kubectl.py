"""A real kubectl reads what runs."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.e2e.harness import Server, free_port

COMPOSE = """
name: {project}
services:
  web:
    image: busybox:latest
    command: [sleep, 1d]
    init: true
    deploy: {{replicas: 2}}
"""


def test_kubectl_lists_the_deployments_that_fizz_runs(
    make_server: Callable[[], Server], kubectl: str, project: str, tmp_path: Path
) -> None:
    server = make_server()
    server.start("--listen", f"127.0.0.1:{free_port()}")
    compose, kubeconfig = tmp_path / "compose.yml", tmp_path / "kubeconfig"
    compose.write_text(COMPOSE.format(project=project))
    server.fizz("-f", compose, "up", "-d", "--wait")
    kubeconfig.write_text(server.fizz("kubeconfig").stdout)

    command = [kubectl, "--kubeconfig", str(kubeconfig), "get", "deployments.fizz.dev", "-A"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    head, *rows = (line.split() for line in done.stdout.splitlines())
    assert head == ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert [row[:3] for row in rows] == [[project, "web", "2/2"]]
