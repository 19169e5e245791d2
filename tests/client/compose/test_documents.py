"""YAML becomes nodes that know their places, and what cannot be read is told with a place."""

import pytest

from fizz.client.compose.documents import MAX_COPIES, MAX_DEPTH, read_documents
from fizz.client.compose.nodes import RESET, Node, plain
from fizz.client.compose.problems import Problems


def read(text: str | bytes) -> tuple[list[Node], list[str]]:
    problems = Problems()
    content = text.encode() if isinstance(text, str) else text
    documents = read_documents(content, "f.yml", problems)
    return documents, [problem.format() for problem in problems.all()]


def test_every_key_and_value_knows_its_place() -> None:
    (top,), _ = read("a:\n  b: [1,\n    two]\n")
    b = top.walk("a", "b")
    *_, node = b
    outer = top.mapping()["a"]
    assert (top.key("a").line, top.key("a").column) == (1, 1)
    assert (outer.key("b").line, outer.key("b").column) == (2, 3)
    assert (node.line, node.column) == (2, 6)
    assert [(item.line, item.column) for item in node.items()] == [(2, 7), (3, 5)]
    assert node.file == "f.yml"


def test_a_quoted_scalar_is_a_string() -> None:
    (top,), _ = read("a: '1'\nb: \"true\"\nc: |-\n  12\nd: ! 3\ne: !!str 4\n")
    assert plain(top) == {"a": "1", "b": "true", "c": "12", "d": "3", "e": "4"}


def test_a_file_may_hold_several_documents() -> None:
    documents, problems = read("---\na: 1\n---\nb: 2\n...\n")
    assert [plain(document) for document in documents] == [{"a": 1}, {"b": 2}]
    assert not problems


def test_an_alias_is_what_it_stands_for_even_in_a_later_document() -> None:
    documents, problems = read("a: &x {b: 1}\nc: *x\n---\nd: *x\n")
    assert [plain(document) for document in documents] == [{"a": {"b": 1}, "c": {"b": 1}}, {"d": {"b": 1}}]
    assert not problems


def test_merge_keys_add_what_a_mapping_lacks_and_the_first_wins() -> None:
    (top,), problems = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 0\n")
    assert plain(top)["c"] == {"x": 0, "y": 2, "z": 4}
    assert not problems


def test_a_merged_key_has_the_place_where_it_was_written() -> None:
    (top,), _ = read("a: &a\n  x: 1\nc:\n  <<: *a\n")
    assert top.mapping()["c"].key("x").line == 2


def test_a_quoted_merge_key_is_a_key() -> None:
    (top,), _ = read('a: {"<<": 1}')
    assert plain(top) == {"a": {"<<": 1}}


def test_reset_and_override_are_remembered() -> None:
    (top,), _ = read("a: !reset null\nb: !override [1]\nc: [!reset 1, 2]\n")
    assert top.mapping()["a"].tag == RESET
    assert top.mapping()["b"].tag == "!override"
    assert plain(top.mapping()["c"]) == [2]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a: [b\n",
            "2:1: YAML: did not find expected ',' or ']' (while parsing a flow sequence that starts at line 1); close "
            "the bracket, or put a text that holds a comma or bracket in quotes",
        ),
        (
            "a:\n\tb: 1",
            "2:1: YAML: found character that cannot start any token (while scanning for the next token that starts at "
            "line 2); indent with spaces, not with tabs; quote texts that begin with @, ` or %",
        ),
        ("a: 1\nb: 2\na: 3\n", '3:1: the key "a" is already defined at line 1'),
        ("a: {b: 1, b: 2}\n", '1:11: the key "b" is already defined at line 1'),
        ("a: {<<: {}, <<: {}}\n", "1:13: the key << is already defined at line 1"),
        ("a: {<<: 1}\n", "1:9: YAML: << takes a mapping or a list of mappings"),
        ("1: x\n", "1:1: a key must be a string, not 1; write it in quotes"),
        ("true: x\n", "1:1: a key must be a string, not true; write it in quotes"),
        ("~: x\n", "1:1: a key must be a string, not nothing; write it in quotes"),
        ("? [a]\n: x\n", "1:3: a key must be a string, not a mapping or list; write it in quotes"),
        ("a: *nope\n", "1:4: YAML: there is no anchor &nope before this alias"),
        ("a: &a [*a]\n", "1:8: YAML: the alias *a is inside of what it stands for"),
        ("a: !!int x\n", "1:4: not a value of type !!int"),
        ("a: !!binary '*'\n", None),
        ('a:\n  b: "c\n', "2:6: YAML: the quote that begins here is not closed"),
        ("a: .inf\n", "1:4: infinity and not-a-number have no place here; write it in quotes"),
        ("%YAML 1.2\n---\na: 1\n", "1:1: a %YAML directive for another version than 1.1; remove the line"),
        (b"a: \x01\n", "1:4: not readable as text: control characters are not allowed; save the file as UTF-8"),
        (b"a: 1\nb: \xff\n", "2:4: not readable as text: invalid leading UTF-8 octet; save the file as UTF-8"),
    ],
    ids=[
        "open-list", "tab", "duplicate-key", "duplicate-in-flow", "merge-twice", "merge-of-a-number", "number-as-key",
        "boolean-as-key", "null-as-key", "list-as-key", "unknown-anchor", "alias-in-itself", "tag-does-not-fit",
        "binary", "open-quote", "infinity", "directive", "control-character", "not-utf-8",
    ],
)  # fmt: skip
def test_what_cannot_be_read(text: str | bytes, problem: str | None) -> None:
    _, problems = read(text)
    assert problems == ([f"f.yml:{problem}"] if problem else [])


def test_problems_do_not_hide_one_another() -> None:
    (top,), problems = read("a: 1\na: 2\n1: x\nb: 3\nb: 4\n")
    assert plain(top) == {"a": 1, "b": 3}
    assert [line.split(":")[1] for line in problems] == ["2", "3", "5"]


def test_nesting_has_a_limit() -> None:
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)[1] == []
    assert read("[" * 500)[1] == [f"f.yml:1:{MAX_DEPTH + 1}: YAML: nested deeper than {MAX_DEPTH} levels"]


def test_nesting_by_aliases_has_the_same_limit() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} {{k: [*a{n - 1}]}}" for n in range(1, MAX_DEPTH))]
    _, (problem,) = read("\n".join(lines))
    assert problem == f"f.yml:51:16: YAML: aliases make the file nested deeper than {MAX_DEPTH} levels"


def test_aliases_of_aliases_have_a_limit() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    _, (problem,) = read("\n".join(lines))
    assert problem.startswith("f.yml:5:")
    assert f"{MAX_COPIES // 1000}" in problem
