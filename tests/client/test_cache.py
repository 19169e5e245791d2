"""The informer's cache against a plain list of objects."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fizz.client.cache import Cache
from fizz.client.objects import Key, key_of
from fizz.schemas.base import JSON

NAMES, NAMESPACES, UIDS = st.sampled_from("abc"), st.sampled_from(["x", "y"]), st.sampled_from(["u1", "u2"])
LABELS = st.dictionaries(st.sampled_from(["tier", "app"]), st.sampled_from(["web", "db"]))


class Machine(RuleBasedStateMachine):
    """Whatever is put and removed, every question has the answer that a walk over all objects gives."""

    def __init__(self) -> None:
        super().__init__()
        self.cache: Cache[JSON] = Cache()
        self.plain: dict[Key, JSON] = {}

    @rule(name=NAMES, namespace=NAMESPACES, labels=LABELS, owners=st.sets(UIDS))
    def put(self, name: str, namespace: str, labels: dict[str, str], owners: set[str]) -> None:
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        item: JSON = {"metadata": metadata | {"ownerReferences": [{"uid": uid} for uid in sorted(owners)]}}
        assert self.cache.put(item) == self.plain.get(key_of(item))
        self.plain[key_of(item)] = item

    @rule(name=NAMES, namespace=NAMESPACES)
    def remove(self, name: str, namespace: str) -> None:
        key = Key(namespace, name)
        assert self.cache.remove(key) == self.plain.pop(key, None)

    @rule(label=st.sampled_from(["tier", "app"]), value=st.sampled_from(["web", "db"]))
    def ask_for_label(self, label: str, value: str) -> None:
        expected = {key for key, item in self.plain.items() if item["metadata"]["labels"].get(label) == value}
        assert {key_of(item) for item in self.cache.by_label(label, value)} == expected

    @invariant()
    def all_else_agrees(self) -> None:
        assert dict(self.cache) == self.plain
        for namespace in ("x", "y"):
            expected = {key for key in self.plain if key.namespace == namespace}
            assert {key_of(item) for item in self.cache.in_namespace(namespace)} == expected
        for uid in ("u1", "u2"):
            expected = {
                key
                for key, item in self.plain.items()
                if uid in [reference["uid"] for reference in item["metadata"]["ownerReferences"]]
            }
            assert {key_of(item) for item in self.cache.by_owner(uid)} == expected


TestCacheAgainstModel = Machine.TestCase
TestCacheAgainstModel.settings = settings(max_examples=40, stateful_step_count=25)
