"""kubectl goes over from client-side to server-side apply."""

from typing import TYPE_CHECKING

import orjson
import pytest

from fizz.apiserver.kinds.managed import ApplyConflict
from fizz.apiserver.kinds.managed.lastapplied import ANNOTATION
from fizz.schemas.base import JSON

if TYPE_CHECKING:
    from tests.apiserver.kinds.managed.conftest import Gadget

CLIENT_SIDE = "kubectl-client-side-apply"


def note(spec: JSON, version: str = "fizz.dev/v1") -> str:
    return orjson.dumps({"apiVersion": version, "kind": "Gadget", "metadata": {"name": "web"}, "spec": spec}).decode()


def noted(gadget: "Gadget") -> JSON:
    assert gadget.live is not None
    result: JSON = orjson.loads(gadget.live["metadata"]["annotations"][ANNOTATION])
    return result


def test_fields_that_the_note_names_are_no_conflict(gadget: "Gadget") -> None:
    spec: JSON = {"replicas": 1, "settings": {"a": "1"}}
    gadget.update(CLIENT_SIDE, spec, metadata={"annotations": {ANNOTATION: note(spec)}})
    gadget.apply("kubectl", {"replicas": 2, "settings": {"a": "2"}})
    assert gadget.spec == {"replicas": 2, "settings": {"a": "2"}}
    assert gadget.owned("kubectl") == {".spec.replicas", ".spec.settings.a"}


def test_the_note_says_then_what_was_applied(gadget: "Gadget") -> None:
    gadget.update(CLIENT_SIDE, {"replicas": 1}, metadata={"annotations": {ANNOTATION: note({"replicas": 1})}})
    gadget.apply("kubectl", {"replicas": 2}, metadata={"annotations": {"a": "b"}})
    assert noted(gadget)["spec"] == {"replicas": 2}
    assert noted(gadget)["metadata"] == {"name": "web", "namespace": "blog", "annotations": {"a": "b"}}


def test_applying_the_same_again_returns_the_live_object_itself(gadget: "Gadget") -> None:
    gadget.update(CLIENT_SIDE, {"replicas": 1}, metadata={"annotations": {ANNOTATION: note({"replicas": 1})}})
    before = gadget.apply("kubectl", {"replicas": 2})
    assert gadget.apply("kubectl", {"replicas": 2}) is before


def test_an_object_without_note_gets_none(gadget: "Gadget") -> None:
    assert "annotations" not in gadget.apply("kubectl", {"replicas": 2})["metadata"]


@pytest.mark.parametrize(
    ("manager", "written"),
    [
        pytest.param("kubectl", note({"replicas": 5}), id="the value has changed since"),
        pytest.param("kubectl", note({"note": "x"}), id="another field"),
        pytest.param("kubectl", note({"replicas": 1}, "fizz.dev/v0"), id="another version"),
        pytest.param("kubectl", note({"tags": ["a", "a"]}), id="a note of the wrong form"),
        pytest.param("kubectl", "{", id="a broken note"),
        pytest.param("kubectl", "[]", id="no object"),
        pytest.param("kubectl", "", id="an empty note"),
        pytest.param("helm", note({"replicas": 1}), id="another manager"),
    ],
)
def test_all_else_is_a_conflict(gadget: "Gadget", manager: str, written: str) -> None:
    gadget.update(CLIENT_SIDE, {"replicas": 1}, metadata={"annotations": {ANNOTATION: written}})
    with pytest.raises(ApplyConflict, match=r"\.spec\.replicas"):
        gadget.apply(manager, {"replicas": 2})


def test_only_the_fields_that_are_not_noted_are_conflicts(gadget: "Gadget") -> None:
    gadget.update(CLIENT_SIDE, {"replicas": 1}, metadata={"annotations": {ANNOTATION: note({"replicas": 1})}})
    assert gadget.live is not None
    gadget.update("editor", {"replicas": 1, "note": "x"}, metadata=dict(gadget.live["metadata"]))
    with pytest.raises(ApplyConflict, match=r"with 1 conflict: .*editor.* \.spec\.note"):
        gadget.apply("kubectl", {"replicas": 2, "note": "y"})
