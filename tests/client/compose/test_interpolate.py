"""Variables are replaced as compose replaces them."""

import pytest

from fizz.client.compose.interpolate import Interpolator, TemplateError, Variable, substitute, variables_in
from fizz.client.compose.nodes import BROKEN, Node, plain
from fizz.client.compose.problems import Problems

VALUES = {"FOO": "foo", "EMPTY": "", "NUM": "42", "_x1": "low"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"), ("$FOO", "foo"), ("${FOO}", "foo"), ("$_x1", "low"), ("a${FOO}b$NUM-c", "afoob42-c"),
        ("$NOPE", ""), ("${NOPE}", ""), ("$FOO_BAR", ""), ("${FOO}_BAR", "foo_BAR"),
        ("${NOPE:-d}", "d"), ("${EMPTY:-d}", "d"), ("${FOO:-d}", "foo"),
        ("${NOPE-d}", "d"), ("${EMPTY-d}", ""), ("${FOO-d}", "foo"),
        ("${NOPE:+r}", ""), ("${EMPTY:+r}", ""), ("${FOO:+r}", "r"),
        ("${NOPE+r}", ""), ("${EMPTY+r}", "r"), ("${FOO+r}", "r"),
        ("${FOO:?e}", "foo"), ("${EMPTY?e}", ""), ("${FOO?e}", "foo"),
        ("${NOPE:-}", ""), ("${NOPE-}", ""), ("${NOPE:--x}", "-x"), ("${NOPE--x}", "-x"), ("${NOPE:-?x}", "?x"),
        ("${NOPE:-${FOO}}", "foo"), ("${NOPE:-${EMPTY:-${NUM}}}", "42"), ("${NOPE:-$FOO-x}", "foo-x"),
        ("${NOPE:-${FOO}-${NUM:-3}}-$FOO", "foo-42-foo"), ("${FOO:+a${NUM}b}", "a42b"),
        ("${NOPE:-a}b}", "ab}"), ("${NOPE:-{}}", "{}"), ("${NOPE:-a b\t\"q\"'s'}", "a b\t\"q\"'s'"),
        ("$$FOO", "$FOO"), ("$${FOO}", "${FOO}"), ("$$$FOO", "$foo"), ("${NOPE:-$$x}", "$x"), ("$$$$", "$$"),
        ("$1", "$1"), ("a$", "a$"), ("a$ b", "a$ b"), ("$é", "$é"), ("${NOPE:-$}", "$"), ("$-", "$-"),
        ("${FOO:-${X:?zz}}", "foo"), ("${NOPE:+${X:?zz}}", ""), ("${FOO:-${}}", "foo"),
    ],
    ids=repr,
)  # fmt: skip
def test_substitution(text: str, result: str) -> None:
    assert substitute(text, VALUES.get) == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${}", 'has "${}", which is no variable that compose can replace'),
        ("x${FOO BAR}", 'has "${FOO BAR}", which is no variable that compose can replace'),
        ("${FOO:x}", 'has "${FOO:x}", which is no variable that compose can replace'),
        ("${FOO/x/y}", 'has "${FOO/x/y}", which is no variable that compose can replace'),
        ("${1FOO}", 'has "${1FOO}", which is no variable that compose can replace'),
        ("${ FOO }", 'has "${ FOO }", which is no variable that compose can replace'),
        ("${NOPE:-${FOO}", 'has a variable without closing brace: "${NOPE:-${FOO}"'),
        ("${FOO", 'has a variable without closing brace: "${FOO"'),
        ("${NOPE:-a\nb}", "has a line break inside of ${...}"),
        ("${NOPE:?need $FOO}", "needs the variable NOPE: need foo"),
        ("${NOPE?}", "needs the variable NOPE, which has no value"),
        ("${EMPTY:?}", "needs the variable EMPTY, which has no value"),
        ("${A-" * 60 + "x" + "}" * 60, "has variables nested deeper than 50 levels"),
    ],
    ids=[
        "empty", "space", "operator", "slash", "digit", "spaces", "open", "open-short", "line-break", "required",
        "required-without-reason", "required-empty", "deep",
    ],
)  # fmt: skip
def test_what_cannot_be_replaced(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as raised:
        substitute(text, VALUES.get)
    assert str(raised.value) == message


def test_a_tree_is_replaced_in_values_and_not_in_keys() -> None:
    node = Node({"$FOO": Node("$FOO", line=1), "n": Node([Node("${NUM}", line=2), Node(3, line=2)], line=2)}, keys={})
    done = Interpolator(VALUES, Problems()).node(node)
    assert plain(done) == {"$FOO": "foo", "n": ["42", 3]}
    assert done.mapping()["$FOO"].line == 1


def test_a_tree_without_variables_stays_the_same_object() -> None:
    node = Node({"a": Node([Node("x"), Node(1)])}, keys={})
    assert Interpolator(VALUES, Problems()).node(node) is node


def test_problems_are_told_at_the_value_and_leave_a_mark() -> None:
    problems = Problems()
    done = Interpolator(VALUES, problems).node(Node({"a": Node("${X:?no}", "f", 3, 4), "b": Node("$X", "f", 4, 4)}))
    assert done.mapping()["a"].tag == BROKEN
    assert [problem.format() for problem in problems.all()] == [
        "f:3:4: a needs the variable X: no",
        "f:4:4: warning: the variable X is not set; it counts as empty",
    ]


def test_variables_are_remembered_with_what_is_said_of_them_first() -> None:
    interpolator = Interpolator(VALUES, Problems())
    interpolator.collect(Node({"a": Node([Node("$A ${B:-d}"), Node("${B:-other}"), Node(1)])}))
    assert interpolator.variables == {"A": Variable("A"), "B": Variable("B", default="d")}


def test_all_variables_of_a_text_are_found_even_if_they_are_not_looked_at() -> None:
    assert list(variables_in("$A ${B:-d} ${FOO:?e} ${D+alt} $$X ${E-${F}} ${1} $$${G} $")) == [
        Variable("A"),
        Variable("B", default="d"),
        Variable("FOO", required=True),
        Variable("D", alternative="alt"),
        Variable("E", default="${F}"),
        Variable("F"),
        Variable("G"),
    ]
