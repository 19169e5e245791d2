"""The index: told of roles and bindings as they come and go, it knows at each time who holds what."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.index import Index
from fizz.apiserver.auth.users import User, service_account

JSON = dict[str, Any]
USERS = [User("jane", groups=("devs",)), User("joe"), service_account("blog", "ci")]
ACTIONS = [
    Action(verb, resource="maps", namespace=namespace, name="a")
    for verb in ("get", "list")
    for namespace in ("", "blog", "shop")
]


def role(name: str, *verbs: str, namespace: str = "") -> JSON:
    rules = [{"verbs": list(verbs), "apiGroups": [""], "resources": ["maps"]}] if verbs else []
    return {"metadata": {"name": name, "namespace": namespace}, "rules": rules}


def binding(name: str, kind: str, ref: str, *subjects: JSON, namespace: str = "") -> JSON:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"kind": kind, "name": ref, "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": list(subjects),
    }


JANE: JSON = {"kind": "User", "name": "jane"}
CI: JSON = {"kind": "ServiceAccount", "name": "ci", "namespace": "blog"}


def test_a_binding_whose_role_is_not_there_grants_nothing_and_is_named() -> None:
    index = Index()
    index.put(binding("b", "ClusterRole", "lost", JANE))
    decision = index.decide(USERS[0], ACTIONS[0])
    assert not decision.allowed
    assert decision.reason == 'RBAC: clusterrole.rbac.authorization.k8s.io "lost" not found'
    index.put(role("lost", "get"))
    assert index.decide(USERS[0], ACTIONS[0]).allowed


def test_a_cluster_role_bound_in_a_namespace_counts_there_alone() -> None:
    index = Index()
    index.put(role("reader", "get"))
    index.put(binding("b", "ClusterRole", "reader", CI, namespace="blog"))
    account = service_account("blog", "ci")
    assert index.decide(account, Action("get", resource="maps", namespace="blog")).allowed
    assert not index.decide(account, Action("get", resource="maps", namespace="shop")).allowed
    assert not index.decide(account, Action("get", resource="maps")).allowed
    assert not index.decide(service_account("shop", "ci"), Action("get", resource="maps", namespace="blog")).allowed


def test_what_went_grants_nothing_and_leaves_nothing() -> None:
    index = Index()
    there = [role("r", "get", namespace="blog"), binding("b", "Role", "r", JANE, namespace="blog")]
    for each in there:
        index.put(each)
    for each in there:
        index.remove(each)
        index.remove(each)
    assert not index._roles
    assert not index._bindings
    assert not index._by_subject


names = st.sampled_from(["a", "b"])
namespaces = st.sampled_from(["", "blog", "shop"])
subjects = st.sampled_from([JANE, CI, {"kind": "Group", "name": "devs"}, {"kind": "User", "name": "joe"}])
roles = st.builds(
    lambda name, verbs, namespace: role(name, *verbs, namespace=namespace),
    names,
    st.lists(st.sampled_from(["get", "list"]), unique=True),
    namespaces,
)
bindings = st.builds(
    lambda name, kind, ref, who, namespace: binding(
        name, kind if namespace else "ClusterRole", ref, *who, namespace=namespace
    ),
    names,
    st.sampled_from(["Role", "ClusterRole"]),
    names,
    st.lists(subjects, max_size=2),
    namespaces,
)


@given(st.lists(st.tuples(st.booleans(), st.one_of(roles, bindings)), max_size=25))
def test_the_index_is_what_the_objects_that_are_there_make_of_it(history: list[tuple[bool, JSON]]) -> None:
    followed = Index()
    there: dict[tuple[bool, str, str], JSON] = {}
    for comes, obj in history:
        key = ("roleRef" in obj, obj["metadata"]["namespace"], obj["metadata"]["name"])
        if comes:
            there[key] = obj
            followed.put(obj)
        else:
            followed.remove(there.pop(key, obj))
    fresh = Index()
    for obj in there.values():
        fresh.put(obj)
    for user in USERS:
        for action in ACTIONS:
            assert followed.decide(user, action).allowed == fresh.decide(user, action).allowed
