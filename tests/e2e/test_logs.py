"""Logs of several services, beside docker compose's."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.harness import Fizz, eventually

APP = """
name: {project}
services:
  one: {{image: busybox, command: sh -c "echo a; sleep 2; echo c; sleep 1000", init: true}}
  two: {{image: busybox, command: sh -c "sleep 1; echo b; sleep 2; echo d; sleep 1000", init: true, scale: 2}}
"""


def test_logs_are_those_of_docker_compose_in_the_order_of_time(
    fizz: Fizz, tmp_path: Path, project: str, docker_compose: str
) -> None:
    path = tmp_path / "compose.yml"
    path.write_text(APP.format(project=project))
    fizz("up", "-d", "-f", path)
    eventually(lambda: fizz("--file", path, "logs", "two").stdout.count("d\n") == 2, what="all has been written")
    before = datetime.now(UTC).isoformat()

    def lines(*words: str) -> list[str]:
        return fizz("--file", path, "logs", *words).stdout.splitlines()

    def theirs(*words: str) -> list[str]:
        command = [docker_compose, "-p", project, "logs", "--no-color", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()

    words = [("-n", "1"), ("--no-log-prefix", "-t"), ("-t", "one"), ("--index", "2", "two"), ("--until", before)]
    for each in ((), *words):
        assert sorted(lines(*each)) == sorted(theirs(*each)), each
    stamps = [line.split()[0] for line in lines("--no-log-prefix", "-t")]
    assert stamps == sorted(stamps)
    assert lines("--until", stamps[0][:19] + "Z") == []
    assert lines("--since", before) == []
    fizz("down", "-t", "0", "-p", project)
