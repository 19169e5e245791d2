"""Rules: what they allow, and whether some rules hold another one."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.auth import rbac
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.rbac import Rule, allows, compact, missing

READ = Rule(("get", "list"), ("fizz.dev",), ("deployments",))
ALL = Rule(("*",), ("*",), ("*",))


def action(verb: str, resource: str = "", group: str = "fizz.dev", name: str = "", path: str | None = None) -> Action:
    plural, _, sub = resource.partition("/")
    return Action(verb, group if path is None else "", "v1", plural, sub, "blog", name, path)


@pytest.mark.parametrize(
    ("rule", "wanted", "allowed"),
    [
        pytest.param(READ, action("get", "deployments"), True, id="said"),
        pytest.param(READ, action("delete", "deployments"), False, id="another-verb"),
        pytest.param(READ, action("get", "services"), False, id="another-resource"),
        pytest.param(READ, action("get", "deployments", "apps"), False, id="another-group"),
        pytest.param(READ, action("get", "deployments/status"), False, id="a-subresource-is-not-its-resource"),
        pytest.param(READ, action("get", path="/version"), False, id="a-path-is-no-resource"),
        pytest.param(ALL, action("get", "deployments/status"), True, id="everything-has-subresources"),
        pytest.param(ALL, action("get", path="/version"), False, id="everything-has-no-paths"),
        pytest.param(READ, action("*", "deployments"), False, id="all-verbs-are-more-than-some"),
        pytest.param(ALL, action("*", "*", "*"), True, id="all-of-all"),
        pytest.param(Rule(("get",), ("*",), ("*/scale",)), action("get", "x/scale"), True, id="a-subresource-of-all"),
        pytest.param(Rule(("get",), ("*",), ("*/scale",)), action("get", "x"), False, id="not-the-resource"),
        pytest.param(Rule(("get",), ("*",), ("*/scale",)), action("get", "x/status"), False, id="not-another-one"),
        pytest.param(Rule(("get",), ("",), ("secrets",), ("a",)), action("get", "secrets", "", "a"), True, id="named"),
        pytest.param(Rule(("get",), ("",), ("secrets",), ("a",)), action("get", "secrets", "", "b"), False, id="other"),
        pytest.param(Rule(("list",), ("",), ("secrets",), ("a",)), action("list", "secrets", ""), False, id="no-name"),
        pytest.param(Rule(("get",), urls=("/version",)), action("get", path="/version"), True, id="path"),
        pytest.param(Rule(("get",), urls=("/version",)), action("get", path="/version/"), False, id="path-exactly"),
        pytest.param(Rule(("get",), urls=("/api/*",)), action("get", path="/api/v1"), True, id="path-below"),
        pytest.param(Rule(("get",), urls=("/api/*",)), action("get", path="/api"), False, id="path-itself"),
        pytest.param(Rule(("get",), urls=("*",)), action("get", path="/x"), True, id="any-path"),
        pytest.param(Rule(("get",), urls=("*",)), action("post", path="/x"), False, id="any-path-but-another-verb"),
        pytest.param(Rule(), action("get", "deployments"), False, id="nothing"),
    ],
)
def test_a_rule_allows_what_it_says(rule: Rule, wanted: Action, allowed: bool) -> None:
    assert allows(rule, wanted) is allowed


@pytest.mark.parametrize(
    ("held", "wanted", "lacking"),
    [
        pytest.param([READ], [READ], [], id="the-same"),
        pytest.param([ALL], [READ], [], id="everything"),
        pytest.param([], [READ], [READ], id="nothing"),
        pytest.param(
            [Rule(("get",), ("fizz.dev",), ("deployments",)), Rule(("list",), ("fizz.dev",), ("*",))],
            [READ],
            [],
            id="together",
        ),
        pytest.param(
            [Rule(("get",), ("fizz.dev",), ("deployments",))],
            [READ],
            [Rule(("list",), ("fizz.dev",), ("deployments",))],
            id="a-part",
        ),
        pytest.param([READ], [ALL], [ALL], id="everything-from-something"),
        pytest.param(
            [Rule(("get",), ("",), ("secrets",), ("a", "b"))],
            [Rule(("get",), ("",), ("secrets",), ("a",))],
            [],
            id="fewer-names",
        ),
        pytest.param(
            [Rule(("get",), ("",), ("secrets",), ("a",))],
            [Rule(("get",), ("",), ("secrets",))],
            [Rule(("get",), ("",), ("secrets",))],
            id="all-names-from-one",
        ),
        pytest.param([Rule(("get",), urls=("/api/*",))], [Rule(("get",), urls=("/api/v1/*",))], [], id="paths-below"),
        pytest.param(
            [Rule(("get",), urls=("/api/*",))], [Rule(("get",), urls=("*",))], [Rule(("get",), urls=("*",))], id="paths"
        ),
        pytest.param(
            [Rule(("get",), ("*",), ("*/scale",))],
            [Rule(("get",), ("x",), ("deployments/scale",))],
            [],
            id="sub-of-all",
        ),
    ],
)
def test_what_is_not_held_is_named(held: list[Rule], wanted: list[Rule], lacking: list[Rule]) -> None:
    assert missing(held, wanted) == lacking


def test_rules_of_too_many_parts_are_refused_before_they_are_looked_at() -> None:
    many = tuple(map(str, range(1000)))
    with pytest.raises(rbac.TooManyParts):
        missing([], [Rule(many, many, many)])
    assert missing([ALL], [Rule(many, many, many)]) == []


VERBS, GROUPS, RESOURCES, NAMES = ("get", "list"), ("", "fizz.dev"), ("a", "a/scale", "b"), ("x", "y")


def some(values: tuple[str, ...], *more: str, least: int = 1) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from((*values, *more)), min_size=least, max_size=3, unique=True).map(tuple)


resource_rules = st.builds(
    Rule, some(VERBS, "*"), some(GROUPS, "*"), some(RESOURCES, "*", "*/scale"), some(NAMES, least=0)
)
path_rules = st.builds(lambda verbs, urls: Rule(verbs, urls=urls), some(VERBS, "*"), some(("/a", "/a/*", "*")))
rules = st.one_of(resource_rules, path_rules)
ACTIONS = [
    *(
        action(verb, resource, group, name)
        for verb, resource, group, name in product(
            (*VERBS, "watch"), (*RESOURCES, "c/scale"), (*GROUPS, "z"), (*NAMES, "z", "")
        )
    ),
    *(action(verb, path=path) for verb, path in product((*VERBS, "post"), ("/a", "/a/b", "/c"))),
]


@given(st.lists(rules, max_size=4), rules)
def test_who_lacks_nothing_may_do_all_that_the_rule_allows(held: list[Rule], wanted: Rule) -> None:
    lacking = missing(held, [wanted])
    for each in ACTIONS:
        if allows(wanted, each):
            assert any(allows(rule, each) for rule in (*held, *lacking)), each
    assert missing([*held, *lacking], [wanted]) == []


@given(st.lists(rules, max_size=5))
def test_fewer_rules_allow_the_same(many: list[Rule]) -> None:
    few = compact(many)
    assert len(few) <= len(many)
    for each in ACTIONS:
        assert any(allows(rule, each) for rule in few) == any(allows(rule, each) for rule in many)


@given(rules)
def test_a_rule_survives_the_wire(rule: Rule) -> None:
    assert Rule.load(rule.dump()) == rule
