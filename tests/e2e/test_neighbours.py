"""Containers that share with others follow them, and hooks are run, on a real engine."""

from pathlib import Path

import docker
from docker.models.containers import Container

from tests.e2e.harness import Fizz, eventually

APP = """
name: {project}
services:
  main:
    image: busybox
    command: [sleep, "{seconds}"]
    init: true
    ipc: shareable
    volumes: [data:/data]
    post_start:
      - {{command: [sh, -c, "echo $$WORD > /data/started"], environment: [WORD=hello], user: "0"}}
    pre_stop:
      - command: [sh, -c, "echo bye > /data/stopped"]
  side:
    image: busybox
    command: [sh, -c, "test -s /data/started && exec sleep 1000"]
    init: true
    network_mode: service:main
    ipc: service:main
    pid: service:main
    volumes_from: [main:ro]
  client:
    image: busybox
    command: [sleep, "1000"]
    init: true
    links: [main:alias]
volumes: {{data: }}
"""

FAILS = """
name: {project}
services:
  web:
    image: busybox
    command: [sleep, "1000"]
    init: true
    post_start: [{{command: [sh, -c, "echo no >&2; exit 3"]}}]
    pre_stop: [{{command: [sh, -c, "exit 4"]}}]
"""


def write(folder: Path, text: str, **values: str) -> Path:
    path = folder / "compose.yml"
    path.write_text(text.format(**values))
    return path


def found(engine: docker.DockerClient, project: str, service: str) -> Container:
    return engine.containers.get(f"{project}-{service}-1")


def modes(container: Container) -> set[str]:
    host = container.attrs["HostConfig"]
    return {host["NetworkMode"], host["IpcMode"], host["PidMode"], f"container:{host['VolumesFrom'][0][:-3]}"}


def run(container: Container, command: str) -> str:
    code, output = container.exec_run(["sh", "-c", command])
    assert isinstance(output, bytes)
    assert code == 0, output
    return output.decode().strip()


def test_who_shares_with_a_container_follows_it_and_hooks_leave_their_traces(
    fizz: Fizz, engine: docker.DockerClient, tmp_path: Path, project: str
) -> None:
    fizz("up", "-d", "--wait", "-f", write(tmp_path, APP, project=project, seconds="1000"))
    main, side = found(engine, project, "main"), found(engine, project, "side")
    assert modes(side) == {f"container:{main.id}"}
    assert run(side, "cat /data/started; echo $$") != ""
    assert run(side, "touch /data/x 2>/dev/null || echo read-only") == "read-only"
    assert run(found(engine, project, "client"), "ping -c 1 alias >/dev/null && echo there") == "there"

    fizz("up", "-d", "--wait", "-f", write(tmp_path, APP, project=project, seconds="2000"))
    following = found(engine, project, "main")
    assert following.id != main.id
    eventually(lambda: modes(found(engine, project, "side")) == {f"container:{following.id}"}, what="side follows main")
    eventually(lambda: found(engine, project, "side").status == "running", what="side runs")
    assert run(found(engine, project, "side"), "cat /data/stopped") == "bye"
    fizz("down", "-v", "-p", project)


def test_a_hook_that_fails_is_told_and_keeps_nothing_from_going(
    fizz: Fizz, engine: docker.DockerClient, tmp_path: Path, project: str
) -> None:
    failed = fizz("up", "-d", "-f", write(tmp_path, FAILS, project=project), code=1)
    assert "ended with exit code 3: no" in failed.stderr
    assert found(engine, project, "web").status == "running"
    fizz("down", "-p", project)
    assert not engine.containers.list(
        all=True, filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True
    )
