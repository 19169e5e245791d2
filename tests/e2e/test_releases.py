"""A release is gone back to as a whole, by hand and by itself, and what a plan says is what happens."""

from pathlib import Path

import docker

from tests.e2e.harness import Fizz, eventually

APP = """
name: {project}
services:
  web:
    image: busybox
    init: true
    command: sh -c 'cat /run/secrets/password; {command}'
    environment: {{VERSION: "{version}"}}
    secrets: [password]
    deploy: {{replicas: 2}}
  {other}: {{image: busybox, init: true, command: sleep 1000}}
secrets: {{password: {{file: ./password.txt}}}}
"""


def running(engine: docker.DockerClient, project: str) -> dict[str, tuple[str, str]]:
    """What the containers have: version and password, by name."""
    found: dict[str, tuple[str, str]] = {}
    for each in engine.containers.list(filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True):
        done = each.exec_run(["sh", "-c", "echo $VERSION; cat /run/secrets/password || true"])
        assert isinstance(done.output, bytes)
        version, _, password = done.output.decode().partition("\n")
        found[str(each.name).removeprefix(f"{project}-")] = (version, password.strip().partition("\n")[0])
    return found


def test_an_app_goes_back_as_a_whole_by_hand_and_by_itself(
    fizz: Fizz, engine: docker.DockerClient, tmp_path: Path, project: str
) -> None:
    def write(version: str, other: str, command: str = "sleep 1000") -> None:
        text = APP.format(project=project, version=version, other=other, command=command)
        (tmp_path / "compose.yml").write_text(text)
        (tmp_path / "password.txt").write_text(f"password {version}\n")

    def services() -> set[str]:
        return {name.rpartition("-")[0] for name in running(engine, project)}

    write("1", "cache")
    refused = fizz("up", "--rollback", "--timeout", "0.01s", cwd=tmp_path, code=1)
    fizz("up", "--wait", cwd=tmp_path)
    write("2", "queue")
    fizz("up", "--wait", "-m", "queue instead of cache", cwd=tmp_path)
    second = running(engine, project)
    fizz("rollback", "1", "--wait", "-p", project)
    back = running(engine, project)
    left = services()
    write("3", "queue", command="exit 3")
    failed = fizz("up", "--rollback", "--timeout", "60s", cwd=tmp_path, code=1)
    history = fizz("history", "-p", project).stdout

    assert "there is no earlier release" in refused.stderr
    assert second["web-1"] == second["web-2"] == ("2", "password 2")
    assert back["web-1"] == back["web-2"] == ("1", "password 1")
    assert left == {"web", "cache"}
    assert "web-1: it ended with exit code 3" in failed.stderr
    assert "went back to release 3, which is ready as release 5" in failed.stderr
    eventually(lambda: services() == {"web", "cache"}, what="what the failed release brought is gone")
    assert running(engine, project)["web-2"] == ("1", "password 1")
    statuses = [line.split()[1] for line in history.splitlines()[1:]]
    assert statuses == ["Superseded", "Superseded", "Superseded", "Failed", "Deployed"]
    fizz("down", "-p", project)
    assert "there is no release" in fizz("history", "-p", project).stdout
