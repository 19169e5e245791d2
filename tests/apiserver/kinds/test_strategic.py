"""Strategic merge patch, one rule a row."""

from copy import deepcopy
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.kinds.patches import PatchError, merge_patch
from fizz.apiserver.kinds.strategic import strategic_merge_patch
from fizz.schemas.base import JSON

TEXT: Final[JSON] = {"type": "string"}
ITEM: Final[JSON] = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "value": TEXT,
        "protocol": {"type": "string", "default": "TCP"},
        "tags": {"type": "array", "x-kubernetes-list-type": "set"},
    },
}
SCHEMA: Final[JSON] = {
    "type": "object",
    "properties": {
        "data": {"type": "object", "additionalProperties": TEXT},
        "env": {
            "type": "array",
            "items": ITEM,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name", "protocol"],
        },
        "old": {
            "type": "array",
            "items": ITEM,
            "x-kubernetes-patch-merge-key": "name",
            "x-kubernetes-patch-strategy": "merge",
        },
        "swap": {
            "type": "array",
            "items": ITEM,
            "x-kubernetes-list-type": "set",
            "x-kubernetes-patch-strategy": "replace",
        },
        "tags": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
        "merged": {"type": "array", "items": TEXT, "x-kubernetes-patch-strategy": "merge"},
        "args": {"type": "array", "items": TEXT},
        "deep": {"type": "object", "properties": {"strategy": {"type": "object"}}},
    },
}


def items(*names: str) -> list[JSON]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        pytest.param({"data": {"a": "1"}}, {"data": {"b": "2"}}, {"data": {"a": "1", "b": "2"}}, id="maps merge"),
        pytest.param({"data": {"a": "1", "b": "2"}}, {"data": {"a": None}}, {"data": {"b": "2"}}, id="null deletes"),
        pytest.param({"data": {"a": "1"}}, {"data": None}, {}, id="null deletes a map"),
        pytest.param({}, {"data": {"a": None, "b": "2"}}, {"data": {"b": "2"}}, id="null of nothing is nothing"),
        pytest.param({"data": "x"}, {"data": {"b": "2"}}, {"data": {"b": "2"}}, id="another type replaces"),
        pytest.param({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}, id="a plain list is replaced"),
        pytest.param({"tags": ["a", "b"]}, {"tags": ["c", "a"]}, {"tags": ["c", "a", "b"]}, id="a set is united"),
        pytest.param({"merged": ["a"]}, {"merged": ["b"]}, {"merged": ["b", "a"]}, id="a list of values that merges"),
        pytest.param({"swap": ["a"]}, {"swap": ["b"]}, {"swap": ["b"]}, id="the strategy replace"),
        pytest.param({}, {"tags": ["c", "a"]}, {"tags": ["c", "a"]}, id="a set where there was none"),
        pytest.param(
            {"tags": ["a", "b"]},
            {"$deleteFromPrimitiveList/tags": ["a", "x"]},
            {"tags": ["b"]},
            id="values are deleted",
        ),
        pytest.param(
            {"tags": ["a", "b"]},
            {"$deleteFromPrimitiveList/tags": ["a"], "tags": ["c"], "$setElementOrder/tags": ["c", "b"]},
            {"tags": ["c", "b"]},
            id="values are deleted, added and ordered",
        ),
        pytest.param({}, {"$deleteFromPrimitiveList/tags": ["a"]}, {}, id="values are deleted from nothing"),
        pytest.param({"tags": ["a"]}, {"tags": None}, {}, id="null deletes a list"),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}, {"name": "B"}]},
            {"env": [{"name": "A", "protocol": "TCP", "value": "2"}]},
            {"env": [{"name": "A", "protocol": "TCP", "value": "2"}, {"name": "B"}]},
            id="items merge by their keys, which may have defaults",
        ),
        pytest.param(
            {"env": items("A")},
            {"env": [{"name": "A", "protocol": "UDP"}]},
            {"env": [{"name": "A", "protocol": "UDP"}, {"name": "A"}]},
            id="another second key is another item",
        ),
        pytest.param(
            {"old": [{"name": "A", "value": "1", "tags": ["x"]}]},
            {"old": [{"name": "A", "value": None, "tags": ["y"]}]},
            {"old": [{"name": "A", "tags": ["y", "x"]}]},
            id="items merge by the patch's own key, deeply",
        ),
        pytest.param(
            {"old": items("A", "B")},
            {"old": [{"$patch": "delete", "name": "A"}]},
            {"old": items("B")},
            id="delete an item",
        ),
        pytest.param(
            {"old": items("B")}, {"old": [{"$patch": "delete", "name": "A"}]}, {"old": items("B")}, id="delete no item"
        ),
        pytest.param(
            {"old": items("A", "B")},
            {"old": [{"$patch": "replace"}, *items("C")]},
            {"old": items("C")},
            id="replace a list",
        ),
        pytest.param(
            {"old": [{"name": "A", "value": "1"}]},
            {"old": [{"$patch": "replace", "name": "A", "value": "2"}]},
            {"old": []},
            id="replace in an item speaks of the list",
        ),
        pytest.param(
            {"old": [{"name": "A", "value": "1"}]},
            {"old": [{"$patch": "merge", "name": "A"}, {"$patch": "merge", "name": "B"}]},
            {"old": [{"name": "A", "value": "1"}, {"name": "B"}]},
            id="merge says nothing new",
        ),
        pytest.param(
            {"data": {"a": "1"}}, {"data": {"$patch": "replace", "b": "2"}}, {"data": {"b": "2"}}, id="replace a map"
        ),
        pytest.param({"data": {"a": "1"}}, {"data": {"$patch": "delete"}}, {"data": {}}, id="empty a map"),
        pytest.param({}, {"data": {"$patch": "delete"}}, {}, id="empty no map"),
        pytest.param(
            {"data": {"a": "1"}},
            {"data": {"$patch": "merge", "b": "2"}},
            {"data": {"a": "1", "b": "2"}},
            id="merge a map",
        ),
        pytest.param(
            {"deep": {"strategy": {"type": "Rolling", "rolling": {"surge": 1}}}},
            {"deep": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
            {"deep": {"strategy": {"type": "Recreate"}}},
            id="retain keys",
        ),
        pytest.param(
            {},
            {"deep": {"strategy": {"$retainKeys": ["type"], "type": "x"}}},
            {"deep": {"strategy": {"type": "x"}}},
            id="no directive is stored",
        ),
        pytest.param(
            {"metadata": {"finalizers": ["a"], "ownerReferences": [{"uid": "1", "name": "x"}]}},
            {"metadata": {"finalizers": ["b"], "ownerReferences": [{"uid": "1", "name": "y"}, {"uid": "2"}]}},
            {"metadata": {"finalizers": ["b", "a"], "ownerReferences": [{"uid": "1", "name": "y"}, {"uid": "2"}]}},
            id="metadata has its own rules",
        ),
        pytest.param(
            {"metadata": {"ownerReferences": [{"uid": "1"}, {"uid": "2"}]}},
            {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": "1"}]}},
            {"metadata": {"ownerReferences": [{"uid": "2"}]}},
            id="an owner is let go",
        ),
    ],
)
def test_what_a_patch_makes_of_a_target(target: JSON, patch: JSON, result: JSON) -> None:
    before = deepcopy((target, patch))
    assert strategic_merge_patch(target, patch, SCHEMA) == result
    assert (target, patch) == before


@pytest.mark.parametrize(
    ("target", "patch", "order", "result"),
    [
        pytest.param("abc", "", "ca", "bca", id="known items move, others keep before what came after them"),
        pytest.param("ab", "c", "acb", "acb", id="a new item goes where the order says"),
        pytest.param("ab", "c", "", "cab", id="without an order, a new item comes first"),
        pytest.param("axb", "", "ba", "xba", id="an item that is not named keeps its place"),
        pytest.param("ab", "ba", "", "ba", id="the patch's own order counts"),
        pytest.param("", "ba", "ab", "ab", id="new items are ordered"),
    ],
)
@pytest.mark.parametrize("keyed", [False, True], ids=["values", "items"])
def test_items_are_put_in_order(target: str, patch: str, order: str, result: str, keyed: bool) -> None:
    def written(names: str) -> list[Any]:
        return items(*names) if keyed else list(names)

    field = "old" if keyed else "tags"
    whole: JSON = {}
    if patch:
        whole[field] = written(patch)
    if order:
        whole[f"$setElementOrder/{field}"] = written(order)
    assert strategic_merge_patch({field: written(target)}, whole, SCHEMA) == {field: written(result)}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        pytest.param({"$patch": "wipe"}, r"\.: unknown \$patch 'wipe'", id="an unknown directive"),
        pytest.param({"old": [{"$patch": "wipe", "name": "A"}]}, r"\.old: unknown \$patch 'wipe'", id="in an item"),
        pytest.param({"old": [{"$patch": "wipe", "name": "Z"}]}, r"\.old: unknown \$patch 'wipe'", id="in a new item"),
        pytest.param({"old": [{"value": "x"}]}, r"\.old: an item does not contain its merge key name", id="no key"),
        pytest.param({"old": ["x"]}, r"\.old: its items are maps", id="no map"),
        pytest.param(
            {"$deleteFromPrimitiveList/tags": "a"}, r"\.tags: \$deleteFromPrimitiveList is a list", id="no list"
        ),
        pytest.param({"$setElementOrder/tags": "a"}, r"\.tags: \$setElementOrder is a list", id="no list as order"),
        pytest.param({"data": {"$retainKeys": "a"}}, r"\.data: \$retainKeys is a list of keys", id="no keys"),
        pytest.param(
            {"data": {"$retainKeys": ["a"], "b": "1"}},
            r"sets 'b', which its \$retainKeys does not name",
            id="not retained",
        ),
    ],
)
def test_a_patch_of_the_wrong_form_is_refused(patch: JSON, message: str) -> None:
    target = {"old": items("A"), "tags": ["a"], "data": {"a": "1"}}
    with pytest.raises(PatchError, match=message):
        strategic_merge_patch(target, patch, SCHEMA)


json_maps = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict))


@given(target=json_maps, patch=json_maps)
def test_without_a_schema_it_is_a_merge_patch(target: Any, patch: Any) -> None:
    assert strategic_merge_patch(target, patch, {}) == merge_patch(target, patch)
