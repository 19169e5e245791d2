import pytest

from fizz.apiserver.store.keys import MAX_KEY_BYTES, Selector, check_key, check_prefix, prefixes


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("/g/r/ns/name", ["/", "/g/", "/g/r/", "/g/r/ns/", "/g/r/ns/name"]),
        (
            "/core/namespaces//blog",
            ["/", "/core/", "/core/namespaces/", "/core/namespaces//", "/core/namespaces//blog"],
        ),
        ("/x", ["/", "/x"]),
    ],
    ids=["namespaced", "cluster-scoped", "short"],
)
def test_prefixes_of_a_key_are_those_that_select_it(key: str, expected: list[str]) -> None:
    assert prefixes(key) == expected
    assert all(Selector(prefix).matches(key) for prefix in expected)


@pytest.mark.parametrize(
    ("prefix", "key", "matches"),
    [
        ("/a/b/", "/a/b/c", True),
        ("/a/b/", "/a/bc", False),
        ("/a/b", "/a/b", True),
        ("/a/b", "/a/b/c", False),
        ("/a/b", "/a/bc", False),
        ("/", "/a", True),
    ],
)
def test_a_prefix_selects_whole_segments(prefix: str, key: str, matches: bool) -> None:
    assert Selector(prefix).matches(key) is matches


def test_several_prefixes_select_what_any_of_them_does() -> None:
    selector = Selector("/a/", "/b/x")
    assert [selector.matches(key) for key in ("/a/y", "/b/x", "/b/y")] == [True, True, False]


@pytest.mark.parametrize(
    ("prefix", "overlaps"),
    [
        ("/", True),
        ("/l/", True),
        ("/l/r/", True),
        ("/l/r/ns/", True),
        ("/l/r/ns/n", True),
        ("/l/rest/", False),
        ("/l", False),
    ],
)
def test_overlap_is_seen_from_both_sides(prefix: str, overlaps: bool) -> None:
    assert Selector("/other/", prefix).overlaps(("/l/r/",)) is overlaps


def test_length_is_counted_in_bytes() -> None:
    check_key("/" + "x" * (MAX_KEY_BYTES - 1))
    with pytest.raises(ValueError, match="longer"):
        check_key("/" + "ä" * (MAX_KEY_BYTES // 2 + 1))
    with pytest.raises(ValueError, match="longer"):
        check_prefix("/" + "x" * MAX_KEY_BYTES)
