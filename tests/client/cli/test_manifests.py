from pathlib import Path

import pytest

from fizz.client.cli.failures import Failure, ProblemsInFiles
from fizz.client.cli.manifests import Source, is_compose, parse, read_manifests, read_sources

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        pytest.param("services: {web: {image: x}}", True, id="compose"),
        pytest.param("name: x\ninclude: [a.yml]", True, id="compose of includes"),
        pytest.param(SECRET, False, id="manifest"),
        pytest.param("apiVersion: v1\nkind: ConfigMap\nservices: {}", False, id="manifest that has services"),
        pytest.param('{"services": {}}', True, id="JSON"),
        pytest.param("[1, 2]", False, id="a list"),
        pytest.param("a: [", False, id="no YAML"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_a_compose_file_is_told_by_what_is_in_it(text: str, answer: bool) -> None:
    assert is_compose(Source("x", text)) is answer


def test_documents_and_lists_are_all_read_and_empty_ones_left_out() -> None:
    text = f"---\n{SECRET}---\n---\nkind: List\nitems:\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: c}}}}\n"

    assert [item["kind"] for item in parse(Source("x", text))] == ["Secret", "ConfigMap"]


def test_times_stay_text() -> None:
    (item,) = parse(Source("x", f"{SECRET}data: {{when: 2026-01-31T09:30:00Z, day: 2026-01-31}}\n"))

    assert item["data"] == {"when": "2026-01-31T09:30:00Z", "day": "2026-01-31"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("a: [\n", "f.yaml:2:1: ", id="no YAML"),
        pytest.param(f"{SECRET}data:\n  a: x\n  a: y\n", "f.yaml:6:3: key 'a' is there twice", id="key twice"),
        pytest.param("---\nkind: Secret\n", "f.yaml:2:1: a resource needs apiVersion", id="no apiVersion"),
        pytest.param("apiVersion: v1\nkind: Secret\n", "f.yaml:1:1: Secret needs metadata.name", id="no name"),
        pytest.param("- 1\n", "f.yaml:1:1: a resource is a mapping", id="a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(ProblemsInFiles) as raised:
        parse(Source("f.yaml", text))

    assert raised.value.lines()[0].startswith(problem)


def test_all_wrong_documents_are_told_at_once() -> None:
    with pytest.raises(ProblemsInFiles) as raised:
        parse(Source("f.yaml", "kind: A\n---\nkind: B\n"))

    assert [line.split(": ")[0] for line in raised.value.lines()] == ["f.yaml:1:1", "f.yaml:3:1"]


def test_a_folder_is_read_by_name(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json", "notes.txt"):
        (tmp_path / name).write_text(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name[0]}}}\n")
    (tmp_path / "sub").mkdir()

    assert [item["metadata"]["name"] for item in read_manifests([str(tmp_path)])] == ["a", "b", "c"]


def test_an_empty_folder_and_a_file_that_is_no_text_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "x.yaml"
    binary.write_bytes(b"\xff\xfe")
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(Failure, match=r"no \.yaml, \.yml or \.json"):
        read_sources([str(empty)])
    with pytest.raises(ProblemsInFiles, match="no UTF-8"):
        read_sources([str(binary)])
