"""Label and field selectors."""

import pytest

from fizz.schemas.selectors import parse_fields, parse_labels


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        ("", {}, True),
        ("a=1", {"a": "1"}, True),
        ("a==1", {"a": "2"}, False),
        ("a!=1", {}, True),
        ("a!=1", {"a": "1"}, False),
        ("a", {"a": ""}, True),
        ("!a", {"a": "1"}, False),
        ("!a", {}, True),
        ("a in (1, 2)", {"a": "2"}, True),
        ("a in (1,2)", {}, False),
        ("a notin (1,2)", {}, True),
        ("a notin (1,2)", {"a": "1"}, False),
        ("a>5", {"a": "6"}, True),
        ("a > 5", {"a": "5"}, False),
        ("a<5", {"a": "x"}, False),
        ("a=1, b in (x),!c", {"a": "1", "b": "x"}, True),
        ("a=", {"a": ""}, True),
        ("example.com/tier=web", {"example.com/tier": "web"}, True),
        ("in in (in)", {"in": "in"}, True),
        ("a in (,x)", {"a": ""}, True),
    ],
)
def test_a_label_selector_matches(selector: str, labels: dict[str, str], matches: bool) -> None:
    assert parse_labels(selector).matches(labels) is matches


@pytest.mark.parametrize(
    "selector", ["a in", "a in (", "a in (1", "a b", "=1", "a=1,", "a>x", "a=!", "-a=1", "a=b c", "(", "a in 1", "!"]
)
def test_a_broken_label_selector_is_refused(selector: str) -> None:
    with pytest.raises(ValueError, match="unable to parse requirement"):
        parse_labels(selector)


@pytest.mark.parametrize(
    ("selector", "fields", "matches"),
    [
        ("", {}, True),
        ("metadata.name=web", {"metadata.name": "web"}, True),
        ("metadata.name==web,type!=x", {"metadata.name": "web", "type": "x"}, False),
        ("a!=1", {}, True),
        ("a=", {}, True),
        (r"a=x\,y\=z\\", {"a": "x,y=z\\"}, True),
    ],
)
def test_a_field_selector_matches(selector: str, fields: dict[str, str], matches: bool) -> None:
    assert parse_fields(selector).matches(fields) is matches


@pytest.mark.parametrize("selector", ["a", "=b", "a>b", "a=b=c"])
def test_a_broken_field_selector_is_refused(selector: str) -> None:
    with pytest.raises(ValueError, match=r"invalid selector: .*can't understand"):
        parse_fields(selector)


def test_a_field_selector_tells_what_it_pins() -> None:
    selector = parse_fields("metadata.name=web,type!=x")
    assert selector.exact("metadata.name") == "web"
    assert selector.exact("type") is None
    assert selector.paths == {"metadata.name", "type"}
