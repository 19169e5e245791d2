"""What holds whatever managers do: a machine in which three of them apply and update at random."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fizz.apiserver.kinds import managed
from fizz.apiserver.kinds.managed import entries, fieldset
from fizz.apiserver.kinds.values import equal
from fizz.schemas.base import JSON

from .conftest import GADGET

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Path = tuple[str, ...]

SCHEMA: Final = managed.TypedSchema(GADGET)
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
VERSION: Final = "fizz.dev/v1"

texts = st.sampled_from(["x", "y"])
names = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3)
extras: "SearchStrategy[Any]" = st.recursive(
    st.sampled_from([1, True, "x", [1]]), lambda below: st.dictionaries(texts, below, max_size=2), max_leaves=4
)
specs = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.integers(1, 2),
        "note": texts,
        "settings": st.dictionaries(texts, texts, max_size=2),
        "selector": st.dictionaries(texts, texts, max_size=2),
        "args": names,
        "tags": names,
        "env": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from("ABC")}, optional={"value": texts}),
            unique_by=lambda item: item["name"],
            max_size=3,
        ),
        "check": st.fixed_dictionaries({}, optional={"path": texts, "http": st.fixed_dictionaries({"a": texts})}),
        "extra": st.dictionaries(texts, extras, max_size=2),
    },
)
labels = st.dictionaries(texts, texts, max_size=2)
managers = st.sampled_from(["one", "two", "three"])


def body(spec: JSON | None, labels: JSON | None = None) -> JSON:
    metadata = {"name": "web"} if labels is None else {"name": "web", "labels": labels}
    result = {"apiVersion": VERSION, "kind": "Gadget", "metadata": metadata}
    return deepcopy(result if spec is None else {**result, "spec": spec})


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The paths and values of an object's leaves, told from the names of the fields; without empty containers."""
    field = path[-1] if path else ""
    if isinstance(value, dict) and field != "f:selector":
        for key, below in value.items():
            if (path, key) not in {
                ((), "apiVersion"),
                ((), "kind"),
                (("f:metadata",), "name"),
                (("f:metadata",), "managedFields"),
            }:
                yield from leaves(below, (*path, f"f:{key}"))
    elif field == "f:tags":
        yield from (((*path, f"v:{orjson.dumps(item).decode()}"), item) for item in value)
    elif field == "f:env":
        for item in value:
            yield from leaves(item, (*path, f'k:{{"name":"{item["name"]}"}}'))
    elif value not in ({}, []):
        yield path, value


def owners(live: JSON, path: Path) -> set[str]:
    return {
        entry["manager"]
        for entry in live["metadata"].get("managedFields", [])
        if fieldset.has(entry["fieldsV1"], *path)
    }


def apply(live: JSON | None, manager: str, applied: JSON, second: int = 0, *, force: bool = True) -> JSON:
    now = START + timedelta(seconds=second)
    return managed.apply(live, applied, manager=manager, schema=SCHEMA, api_version=VERSION, now=now, force=force)


class Writers(RuleBasedStateMachine):
    """Three managers, one object."""

    def __init__(self) -> None:
        super().__init__()
        self.live: JSON | None = None
        self.second = 0

    @rule(manager=managers, spec=st.none() | specs, labels=st.none() | labels, force=st.booleans())
    def apply(self, manager: str, spec: JSON | None, labels: JSON | None, force: bool) -> None:
        applied = body(spec, labels)
        before = deepcopy(self.live)
        self.second += 1
        try:
            after = apply(self.live, manager, applied, self.second, force=force)
        except managed.ApplyConflict:
            assert not force
            return
        finally:
            assert self.live == before, "the live object stays as it was"
            assert applied == body(spec, labels), "and so does the configuration"
        assert apply(after, manager, applied, self.second + 1, force=force) is after
        found = dict(leaves(after))
        for path, value in leaves(applied):
            assert found[path] == value
            assert manager in owners(after, path)
        self.live = after

    @rule(manager=managers, spec=specs, labels=labels)
    def update(self, manager: str, spec: JSON, labels: JSON) -> None:
        tracked = self.live is None or "managedFields" in self.live["metadata"]
        old = dict(leaves(self.live or {}))
        self.second += 1
        after = managed.track_update(
            self.live,
            body(spec, labels),
            manager=manager,
            schema=SCHEMA,
            api_version=VERSION,
            now=START + timedelta(seconds=self.second),
        )
        for path, value in leaves(after):
            if path not in old or not equal(old[path], value):
                assert owners(after, path) == ({manager} if tracked else set())
        self.live = after

    @invariant()
    def every_leaf_has_an_owner(self) -> None:
        if self.live and "managedFields" in self.live["metadata"]:
            assert all(owners(self.live, path) for path, _ in leaves(self.live))

    @invariant()
    def nobody_owns_what_is_not_there(self) -> None:
        for entry in (self.live or {"metadata": {}})["metadata"].get("managedFields", []):
            for path in fieldset.paths(entry["fieldsV1"]):
                assert exists(self.live, path), fieldset.display(path)

    @invariant()
    def entries_are_in_order_and_canonical(self) -> None:
        present = (self.live or {"metadata": {}})["metadata"].get("managedFields", [])
        assert entries.read(deepcopy(present)) == present
        assert len({entries.identity(entry) for entry in present}) == len(present)


def exists(value: Any, path: Path) -> bool:
    for element in path:
        if element.startswith("f:"):
            if element[2:] not in value:
                return False
            value = value[element[2:]]
        elif element.startswith("k:"):
            key = orjson.loads(element[2:])
            value = next((item for item in value if key.items() <= item.items()), None)
        elif orjson.loads(element[2:]) not in value:
            return False
    return value is not None


TestWriters = Writers.TestCase
TestWriters.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)


@given(theirs=specs, mine=specs)
def test_to_apply_and_then_nothing_leaves_what_the_others_own(theirs: JSON, mine: JSON) -> None:
    before = apply(apply(None, "other", body(theirs)), "me", body(mine), 1)
    kept = {path: value for path, value in leaves(before) if owners(before, path) != {"me"}}
    after = apply(before, "me", body(None), 2)
    assert dict(leaves(after)) == kept
    assert {entry["manager"] for entry in after["metadata"].get("managedFields", [])} <= {"other"}


@given(first=specs, second=specs)
def test_a_sole_applier_gets_exactly_what_it_applies(first: JSON, second: JSON) -> None:
    after = apply(apply(None, "me", body(first)), "me", body(second), 1)
    assert dict(leaves(after)) == dict(leaves(body(second)))
