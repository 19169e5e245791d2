"""A change of what a Secret or ConfigMap contains replaces the containers that use it, and only these."""

import base64
import contextlib
import json
from pathlib import Path

import docker

from tests.e2e.harness import Fizz, eventually

APP = """
name: {project}
services:
  web:
    image: busybox
    init: true
    command: sh -c 'cat /run/secrets/password; sleep 1000'
    environment: {{VERSION: "{version}"}}
    secrets: [password]
  other: {{image: busybox, init: true, command: sleep 1000}}
secrets: {{password: {{file: ./password.txt}}}}
"""


def test_another_content_rolls_what_uses_it_once_whoever_changes_it(
    fizz: Fizz, engine: docker.DockerClient, tmp_path: Path, project: str
) -> None:
    def write(password: str, version: str = "1") -> None:
        (tmp_path / "compose.yml").write_text(APP.format(project=project, version=version))
        (tmp_path / "password.txt").write_text(f"{password}\n")

    def output() -> dict[str, str]:
        told: dict[str, str] = {}
        for each in engine.containers.list(
            filters={"label": f"com.docker.compose.project={project}"}, ignore_removed=True
        ):
            with contextlib.suppress(docker.errors.APIError):  # it is just being removed
                told[each.labels["com.docker.compose.service"]] = each.logs().decode() + str(each.id)
        return told

    def runs_with(password: str) -> None:
        eventually(lambda: output().get("web", "").startswith(password), what=f"it was started with {password}")

    def made() -> int:
        events = json.loads(fizz("get", "events", "-n", project, "-o", "json").stdout)["items"]
        return sum(each["reason"] == "ContainerCreated" and "web" in each["message"] for each in events)

    write("first")
    fizz("up", "-d", "--wait", cwd=tmp_path)
    before = output()
    write("second")
    plan = fizz("plan", cwd=tmp_path, code=2).stdout
    fizz("up", "-d", "--wait", cwd=tmp_path)
    runs_with("second")
    after = output()
    write("third", version="2")
    fizz("up", "-d", "--wait", cwd=tmp_path)
    together = made()
    data = {"password": base64.b64encode(b"fourth\n").decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password"}, "data": data}
    fizz("apply", "--force", "-f", "-", "-n", project, stdin=json.dumps(secret))
    runs_with("fourth")

    assert "secret password changed" in plan
    assert after["other"] == before["other"]
    assert together == 3, "a change of template and content together is one update"
    told = json.loads(fizz("get", "events", "-n", project, "-o", "json").stdout)["items"]
    assert any(each["message"].endswith("secret password changed") for each in told)
    fizz("down", "-p", project)
