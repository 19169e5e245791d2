"""Whatever a webhook answers, the server says what is wrong with it, or takes it; it never fails."""

import base64
import time
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fizz.apiserver import errors
from fizz.apiserver.admission import review
from fizz.apiserver.admission.calls import Caller
from fizz.apiserver.admission.conversion import Conversions
from fizz.apiserver.admission.services import Services
from fizz.apiserver.auth.keys import Keys
from fizz.apiserver.kinds.registry import Conversion, Registry
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.front import Front
from fizz.apiserver.rest.gate import Door
from fizz.apiserver.rest.service import Reached, Service
from fizz.apiserver.rest.writing import ensure_namespace
from fizz.apiserver.store.memory import MemoryStore
from tests.apiserver.rest.conftest import Api
from tests.apiserver.rest.webhook_kit import BASE, configuration

JSON = dict[str, Any]
LEAVES = st.none() | st.booleans() | st.integers(-3, 600) | st.text("ab/", max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner), max_leaves=5
)
NAMES = ("uid", "allowed", "status", "patch", "patchType", "warnings", "auditAnnotations", "convertedObjects", "result")
ANSWERS = st.dictionaries(st.sampled_from(NAMES), VALUES)
PATHS = ("", "/data", "/data/k", "/metadata", "/metadata/name", "/metadata/labels", "/metadata/managedFields", "/kind",
         "/metadata/generateName", "/metadata/finalizers", "/metadata/uid", "/apiVersion", "/odd")  # fmt: skip
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "test"]), "path": st.sampled_from(PATHS), "value": VALUES}
    )
    | VALUES,
    min_size=1,
    max_size=3,
)
REGISTRY = Registry.builtin()
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(answer=VALUES | ANSWERS.map(lambda response: {"response": response}), mutating=st.booleans())
def test_an_answer_is_read_or_refused(answer: Any, mutating: bool) -> None:
    whole = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    body = orjson.dumps({**whole, **answer} if isinstance(answer, dict) else answer)
    try:
        review.read(body, "u", mutating=mutating)
    except review.BadAnswer:
        pass
    else:
        assert answer["response"]["uid"] == "u"


class Garbage(Caller):
    """Answers what it is told, whatever it is asked."""

    answer: Any = None

    async def post(self, endpoint: Any, body: bytes, seconds: float) -> bytes:
        request = orjson.loads(body)["request"]
        whole = orjson.loads(body)
        response = self.answer | {"uid": request["uid"]} if isinstance(self.answer, dict) else self.answer
        return orjson.dumps({**whole, "response": response})


@QUICK
@given(answer=VALUES | ANSWERS)
async def test_what_is_converted_is_taken_or_refused(answer: Any) -> None:
    store = MemoryStore(clock=time.time)
    caller = Garbage()
    caller.answer = answer
    conversions = Conversions(caller, Services(store, REGISTRY))
    conversion = Conversion({"url": "https://a"}, "a/v1")
    with pytest.raises(errors.InternalError, match="conversion webhook for a/v1, Kind=A"):
        await conversions.convert(conversion, [{"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "x"}}], "a/v2")
    await store.close()


@QUICK
@given(operations=OPERATIONS)
@example(operations=[{"op": "add", "path": "/apiVersion", "value": []}])
@example(operations=[{"op": "remove", "path": "/kind"}])
async def test_any_patch_makes_an_object_that_is_right_or_a_refusal(operations: Any) -> None:
    store = MemoryStore(clock=time.time)
    context = Context.over(store, REGISTRY, Keys.ephemeral())
    patch = base64.b64encode(orjson.dumps(operations)).decode()
    context.admission.caller = caller = Garbage()
    caller.answer = {"allowed": True, "patch": patch, "patchType": "JSONPatch"}
    app = Front(context, Service(context, Reached()))
    api = Api(app, store, Door.SOCKET)
    await ensure_namespace(context, "default")
    config = configuration("MutatingWebhookConfiguration", "x", {"clientConfig": {"url": "https://a"}})
    assert (await api.post(f"{BASE}/mutatingwebhookconfigurations", config)).code == 201
    answer = await api.post("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}, "data": {"k": "v"}})
    assert answer.code in (201, 400, 409, 422) or "patch of admission webhook" in answer.json["message"]
    if answer.code == 201:
        assert (answer.json["kind"], answer.json["apiVersion"]) == ("ConfigMap", "v1")
        again = await api.get(f"/api/v1/namespaces/default/configmaps/{answer.json['metadata']['name']}")
        assert again.json == answer.json
    await store.close()
