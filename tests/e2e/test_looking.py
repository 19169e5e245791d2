"""ps, top, stats, port and ls on a real engine, beside docker compose's."""

import json
import subprocess
from pathlib import Path

from tests.e2e.harness import Fizz, free_port

APP = """
name: {project}
services:
  web:
    image: busybox
    command: httpd -f -p 80
    init: true
    ports: ["127.0.0.1:{port}:80"]
    healthcheck: {{test: [CMD, "true"], interval: 1s}}
  done: {{image: busybox, command: "false"}}
"""


def test_fields_are_those_of_docker_compose(fizz: Fizz, tmp_path: Path, project: str, docker_compose: str) -> None:
    port = free_port()
    path = tmp_path / "compose.yml"
    path.write_text(APP.format(project=project, port=port))
    fizz("up", "-d", "-f", path)
    fizz("start", "--wait", "-p", project, "web")

    def theirs(*words: str) -> str:
        command = [docker_compose, "-p", project, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    seen = {each["Service"]: each for each in map(json.loads, theirs("ps", "-a", "--format", "json").splitlines())}
    ours = {each["Service"]: each for each in json.loads(fizz("-f", path, "ps", "-a", "-o", "json").stdout)}
    for service in ("web", "done"):
        assert set(seen[service]) - set(ours[service]) <= {"Engine"}
        for field in ("Name", "ID", "Image", "Service", "Project", "State", "ExitCode", "Health", "Networks", "Names"):
            assert ours[service][field] == seen[service][field], field
    assert ours["web"]["Publishers"][0]["PublishedPort"] == port

    assert fizz("-f", path, "port", "web", "80").stdout == f"127.0.0.1:{port}\n"
    assert "no port 81/tcp" in fizz("-f", path, "port", "web", "81", code=1).stderr
    assert fizz("-f", path, "ps", "-q").stdout.split() == theirs("ps", "-q").split()
    assert fizz("-f", path, "ps", "--status", "exited", "--format", "{{.Name}}").stdout == f"{project}-done-1\n"
    ours_top = [line.split()[-4:] for line in fizz("-f", path, "top").stdout.splitlines()[1:]]
    assert ours_top == [line.split()[-4:] for line in theirs("top").splitlines()[1:]]
    (used,) = map(json.loads, fizz("-f", path, "stats", "--no-stream", "-o", "json").stdout.splitlines())
    assert (used["Name"], used["MemPerc"][-1], int(used["PIDs"]) > 0) == (f"{project}-web-1", "%", True)
    assert project in fizz("ls", "-q").stdout.split()
    (listed,) = json.loads(fizz("ls", "--format", "json", "--filter", f"name=^{project}$").stdout)
    assert listed["Status"] == "exited(1), running(1)"
    fizz("down", "-t", "0", "-p", project)
