"""`fizz validate` and `fizz explain`, which need no server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fizz.client.cli.failures import guard
from fizz.client.cli.main import cli

Fizz = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fizz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fizz:
    """`fizz(...)` in an empty folder -> exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = guard(lambda: cli.main(list(arguments), prog_name="fizz", standalone_mode=False))
        return code, *capsys.readouterr()

    return run


def test_all_problems_of_all_files_with_their_lines(fizz: Fizz) -> None:
    Path("a.yaml").write_text("services:\n  web:\n    imagee: x\n    env_file: vars.env\n")
    Path("b.yaml").write_text("services:\n  web: {image: x, ports: [99999]}\n")
    Path("vars.env").write_text("A B=1\n")
    assert fizz("validate", "a.yaml", "b.yaml") == (
        1,
        "",
        """\
a.yaml:3:5: services.web.imagee is not a key that compose knows; did you mean "image"?
    3 |     imagee: x
      |     ^
b.yaml:2:27: services.web.ports[0] has "99999" as port in the container; a port is a number from 1 to 65535
    2 |   web: {image: x, ports: [99999]}
      |                           ^
vars.env:1:1: the name "A B" contains a space
    1 | A B=1
      | ^
3 errors, 0 warnings
""",
    )


def test_json_for_editors(fizz: Fizz) -> None:
    Path("compose.yaml").write_text(
        "services:\n  web:\n    image: x\n    restart: maybe\n    pre_start: [{image: y}]\n"
    )
    code, out, _ = fizz("validate", "-o", "json")
    document = json.loads(out)
    assert (code, document["valid"], document["files"]) == (1, False, ["compose.yaml"])
    first, second = document["problems"]
    assert (first["severity"], first["line"], first["column"], first["text"]) == ("error", 4, 14, "    restart: maybe")
    message = "services.web.pre_start is read and printed, but nothing is run with it"
    assert (second["severity"], second["message"]) == ("warning", message)


def test_a_valid_file(fizz: Fizz) -> None:
    Path("compose.yaml").write_text("name: shop\nservices: {web: {image: x}}\n")
    assert fizz("validate") == (0, "compose.yaml: valid, 1 service, 4 resources\n", "")
    assert fizz("validate", "-q") == (0, "", "")
    assert json.loads(fizz("validate", "-o", "json")[1])["project"] == "shop"
    assert fizz("validate", "-q", "-o", "json") == (0, "", "")


def test_contents_that_are_missing_are_problems(fizz: Fizz) -> None:
    Path("compose.yaml").write_text("services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {file: nowhere}}\n")
    code, _, told = fizz("validate")
    assert code == 1
    assert told.startswith("compose.yaml:2:")
    assert "\n    2 | secrets: {s: {file: nowhere}}\n" in told


def test_what_is_not_run_is_told_once_and_in_its_place(fizz: Fizz) -> None:
    Path("compose.yaml").write_text(
        "services:\n  web: {image: x, provider: {type: y}}\n  app: {image: x, deploy: {placement: {}}, restart: 'no'}\n"
        "jobs:\n  a: {image: x, triggers: {manual: true}}\n"
    )
    code, _, told = fizz("validate")
    assert code == 1
    assert [line for line in told.splitlines() if line.startswith("compose.yaml")] == [
        "compose.yaml:2:19: services.web.provider is not available yet, and the service would be another without it",
        "compose.yaml:4:1: warning: jobs is not supported yet",
    ]


def test_no_file_at_all(fizz: Fizz) -> None:
    code, _, told = fizz("validate")
    assert code == 1
    assert told.startswith("error: there is no compose file")


def test_explain_lists_what_is_below(fizz: Fizz) -> None:
    _, out, _ = fizz("explain", "services.web.x-fizz")
    assert out.splitlines()[1].split()[0] == "services.*.x-fizz"
    assert "not available yet" in out
    assert "ports[].target" in fizz("explain", "services.web.ports[0]")[1]
    assert fizz("explain", "nope")[0] == 1


def test_explain_prints_the_schema(fizz: Fizz) -> None:
    assert json.loads(fizz("explain", "--schema", "compose")[1])["title"] == "Compose file"
    assert fizz("explain", "--schema", "compose", "services")[0] == 2
