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

    def ask(*words: str) -> str:
        command = [kubectl, "--kubeconfig", str(kubeconfig), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    head, *rows = (line.split() for line in ask("get", "deployments.fizz.dev", "-A").splitlines())
    release_head, release = (line.split() for line in ask("get", "releases.fizz.dev", "-n", project).splitlines())
    described = ask("describe", "releases.fizz.dev", "v1", "-n", project)

    assert head == ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert [row[:3] for row in rows] == [[project, "web", "2/2"]]
    assert release_head == ["NAME", "PHASE", "ORIGIN", "AUTHOR", "MESSAGE", "AGE"]
    assert release[:2] == ["v1", "Deployed"]
    assert "busybox:latest" in described
