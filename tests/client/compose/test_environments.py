"""Variables and labels from files, merged with those written at the service."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., dict[str, Any]]
Warnings = Callable[..., list[str]]


def test_files_go_under_what_is_written(service: Make) -> None:
    files = {"one": "A=1\nB=1\nC=1\n", "two": "B=2\nC=2\n"}
    web = service("env_file: [one, ./two]\nenvironment: {C: 3}", files)
    assert web["environment"] == {"A": "1", "B": "2", "C": "3"}
    assert "env_file" not in web


def test_a_name_without_value_is_passed_through_or_unset(service: Make) -> None:
    web = service("env_file: e\nenvironment: [FOO, C, D]", {"e": "C=2\nFOO=file\n"})
    assert web["environment"] == {"FOO": "foo", "C": None, "D": None}


def test_values_in_files_see_the_project_then_the_service_then_earlier_lines(service: Make) -> None:
    files = {"one": "A=file\nX=$A\n", "two": "A=two\nY=$A\nZ=$X\nF=$FOO\n"}
    assert service("env_file: [one, two]", files)["environment"] == {
        "A": "two", "F": "foo", "X": "file", "Y": "two", "Z": "file",
    }  # fmt: skip
    own = service("env_file: [one]\nenvironment: {A: own}", files)["environment"]
    assert own == {"A": "own", "X": "own"}


def test_the_long_form(service: Make) -> None:
    keys = "env_file: [{path: raw, format: raw}, {path: nope, required: false}]"
    assert service(keys, {"raw": 'A="$FOO" # c\n'})["environment"] == {"A": '"$FOO" # c'}


def test_files_stay_unread_if_asked_for(service: Make) -> None:
    web = service("env_file: [e, {path: f, required: false}]\nenvironment: [FOO]", resolve_env=False)
    assert web["env_file"] == [{"path": "/project/e"}, {"path": "/project/f", "required": False}]
    assert web["environment"] == {"FOO": "foo"}


def test_labels_come_from_files_too(service: Make) -> None:
    web = service("label_file: [l]\nlabels: {A: z}", {"l": "A=1\nB=2\n"})
    assert web["labels"] == {"A": "z", "B": "2"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("A=1\nB C=2\n", 'e:2:1: the name "B C" contains a space'),
        (b"A=\xff\n", "compose.yaml:2:29: services.web.env_file[0] names the file e, which is not UTF-8 text"),
        ("A=${X:?why}\n", "e:1:3: the value needs the variable X: why"),
    ],
    ids=["syntax", "bytes", "required"],
)
def test_mistakes_in_files_have_a_place(errors: Callable[..., list[str]], content: str | bytes, problem: str) -> None:
    assert errors("services:\n  web: {image: x, env_file: e}\n", {"e": content}) == [problem]


def test_a_folder_is_no_file(errors: Callable[..., list[str]]) -> None:
    assert errors("services:\n  web: {image: x, env_file: d}\n", {"d/x": ""}) == [
        "compose.yaml:2:29: services.web.env_file[0] names the file d: Is a directory"
    ]


def test_a_file_that_two_services_use_is_told_of_once(errors: Callable[..., list[str]]) -> None:
    text = "x-e: &e nope\nservices:\n  a: {image: x, env_file: *e}\n  b: {image: x, env_file: *e}\n"
    assert len(errors(text)) == 1


def test_unset_variables_in_files_are_warned_of(warnings: Warnings) -> None:
    assert warnings("services:\n  web: {image: x, env_file: e}\n", {"e": "A=$NOPE\n"}) == [
        "e:1:1: warning: the variable NOPE is not set; it counts as empty"
    ]
