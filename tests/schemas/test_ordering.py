from hypothesis import given
from hypothesis import strategies as st

from fizz.schemas.ordering import dependencies_first, dependents_first

NAMES = st.sampled_from("abcdef")
GRAPHS = st.dictionaries(NAMES, st.frozensets(NAMES, max_size=3))


def test_dependencies_come_first_and_equals_by_name() -> None:
    graph = {"proxy": ["web"], "web": ["db", "cache"], "db": [], "cache": ["elsewhere"]}

    assert dependencies_first(graph) == ["cache", "db", "web", "proxy"]
    assert dependents_first(graph) == ["proxy", "web", "db", "cache"]


@given(GRAPHS)
def test_every_name_comes_once_even_in_circles(graph: dict[str, frozenset[str]]) -> None:
    assert sorted(dependencies_first(graph)) == sorted(graph)


@given(GRAPHS)
def test_without_circles_everything_follows_what_it_depends_on(graph: dict[str, frozenset[str]]) -> None:
    ordered = {name: {other for other in others if other < name} for name, others in graph.items()}
    position = {name: index for index, name in enumerate(dependencies_first(ordered))}

    for name, others in ordered.items():
        assert all(position[other] < position[name] for other in others if other in position)
