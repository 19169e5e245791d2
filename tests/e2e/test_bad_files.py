"""A bad file: exit code 1, one line an error, all errors at once, nothing applied."""

import re
from pathlib import Path

import pytest

from tests.e2e.harness import Fizz

BAD = """\
name: {project}
services:
  web:
    image: busybox
    imagee: oops
    replicas: 3
    ports: yes
    networks: [nowhere]
    depends_on: [db]
  db:
    image: ${{DB_IMAGE:?set DB_IMAGE to the database's image}}
    depends_on: [web]
"""


def problems(text: str) -> list[tuple[int, str]]:
    """The lines that say `file:line:column: message`."""
    found = re.findall(r"^(?:error: )?\S*bad\.yml:(\d+):\d+: (.+)$", text, re.MULTILINE)
    return [(int(line), message) for line, message in found]


@pytest.mark.parametrize("command", [["up", "-d", "-f"], ["validate"], ["apply", "-f"], ["config", "-f"]])
def test_all_errors_are_told_at_once_and_nothing_is_applied(
    fizz: Fizz, tmp_path: Path, project: str, command: list[str]
) -> None:
    file = tmp_path / "bad.yml"
    file.write_text(BAD.format(project=project))
    done = fizz(*command, file, code=1)
    told = problems(done.stderr + done.stdout)
    lines = {line for line, _ in told}
    assert {5, 6, 7, 8, 11} <= lines, told
    assert any("imagee" in message for _, message in told)
    assert any("cycle" in message for _, message in told), told
    assert project not in fizz("get", "namespaces", "-o", "name").stdout


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("services:\n  web:\n    image: [\n", 4),
        ("services:\n  web: {image: a}\n  web: {image: b}\n", 3),
        ("services:\n\tweb: {}\n", 2),
        ("[]\n", 1),
    ],
    ids=["open-bracket", "duplicate-key", "tab", "no-mapping"],
)
def test_what_is_no_yaml_is_placed(fizz: Fizz, tmp_path: Path, content: str, line: int) -> None:
    file = tmp_path / "bad.yml"
    file.write_text(content)
    done = fizz("validate", file, code=1)
    assert [place for place, _ in problems(done.stderr + done.stdout)] == [line]
