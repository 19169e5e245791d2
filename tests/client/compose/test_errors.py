"""Every mistake is told in one line at its exact place, and all of them at once."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

Errors = Callable[..., list[str]]

_MISTAKES = (Path(__file__).parent / "mistakes.txt").read_text()
MISTAKES = {
    name: (text, message) for name, text, message in re.findall(r"=== (\S+)\n(.*?)--- (.*?)\n", _MISTAKES, re.DOTALL)
}
"""Name -> text with a mark at the mistake, and what is said of it."""


def place_of(marked: str) -> tuple[str, str]:
    """The text without the mark, and `line:column` of it."""
    before, _, after = marked.partition("^")
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize(("marked", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_one_mistake(errors: Errors, marked: str, message: str) -> None:
    text, place = place_of(marked)
    assert errors(text, {"f": ""}) == [f"compose.yaml:{place}: {message}"]


def test_all_mistakes_are_told_at_once_from_top_to_bottom(errors: Errors) -> None:
    text = """\
services:
  web:
    image: ${TAG:?set it}
    prots: ["80:80"]
    tty: maybe
    networks: [front]
    environment:
      A: 1
      A: 2
  db:
    restart: always
    depends_on: [web, nobody]
volumes:
  data:
    driver: [x]
"""
    assert errors(text) == [
        "compose.yaml:3:12: services.web.image needs the variable TAG: set it",
        'compose.yaml:4:5: services.web.prots is not a key that compose knows; did you mean "ports"?',
        'compose.yaml:5:10: services.web.tty must be true or false, not "maybe"',
        'compose.yaml:6:16: services.web refers to the network "front", which is not defined; define it under '
        '"networks:" at the top level',
        'compose.yaml:9:7: the key "A" is already defined at line 8',
        'compose.yaml:10:3: services.db has neither an image nor a build; add "image: ..."',
        'compose.yaml:12:23: services.db depends on the service "nobody", which is not defined',
        "compose.yaml:15:13: volumes.data.driver must be a string, not a list",
    ]


def test_mistakes_of_all_files_are_told(errors: Errors) -> None:
    files = {"over.yaml": "services:\n  web: {tty: x}\n"}
    found = errors("services:\n  web: {image: 1}\n", files, files=("compose.yaml", "over.yaml"))
    assert found == [
        "compose.yaml:2:16: services.web.image must be a string, not the number 1; write it in quotes",
        'over.yaml:2:14: services.web.tty must be true or false, not "x"',
    ]


def test_a_mistake_behind_an_anchor_is_told_once(errors: Errors) -> None:
    text = "x-a: &a\n  image: x\n  tty: maybe\nservices:\n  web: *a\n  api: *a\n  job:\n    <<: *a\n"
    assert errors(text) == ['compose.yaml:3:8: services.web.tty must be true or false, not "maybe"']


def test_every_circle_is_told(errors: Errors) -> None:
    services = "".join(f"  {a}: {{image: x, depends_on: [{b}]}}\n" for a, b in ("ab", "ba", "cd", "dc"))
    assert [line.rsplit(": ", 1)[1] for line in errors(f"services:\n{services}")] == ["a -> b -> a", "c -> d -> c"]


def test_a_long_chain_of_dependencies_is_no_problem(project: Callable[..., object]) -> None:
    services = "".join(f"  s{n}: {{image: x, depends_on: [s{n + 1}]}}\n" for n in range(3000))
    assert project(f"services:\n{services}  s3000: {{image: x}}\n")


def test_a_broken_service_is_not_called_missing(errors: Errors) -> None:
    text = "services:\n  web: {image: x, depends_on: [db]}\n  db: [oops]\n"
    assert errors(text) == ["compose.yaml:3:7: services.db must be a mapping, not a list"]


def test_odd_characters_stay_on_one_line(errors: Errors) -> None:
    (line,) = errors('services:\n  web: {image: x, tty: "a\\nb\\e"}\n')
    assert line == 'compose.yaml:2:24: services.web.tty must be true or false, not "a\\nb\\x1b"'
