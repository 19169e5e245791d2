"""What can go wrong with webhooks, and that nothing is written that should not be."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from fizz.apiserver.admission import calls
from fizz.apiserver.admission.admission import Admission
from fizz.apiserver.admission.calls import Caller, CallFailed, Endpoint
from fizz.apiserver.kinds.registry import Registry
from fizz.apiserver.store.memory import MemoryStore
from fizz.apiserver.store.types import Change
from tests.apiserver.rest.test_webhooks import MAPS, MUTATING, VALIDATING, a_map, register
from tests.apiserver.rest.webhook_kit import JSON, Hook, hooking, patching, reviewed

FAILED = 'Internal error occurred: failed calling webhook "hook0.example.com": failed to call webhook: '


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with hooking() as made:
        yield made


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    made = Caller()
    yield made
    await made.close()


async def refused(api: Any, kind: str, said: JSON) -> str:
    """What a client hears of a failing webhook; with failurePolicy Ignore, the write goes on."""
    await api.namespace()
    await register(api, kind, said)
    answer = await api.post(MAPS, a_map())
    assert (answer.code, answer.json["reason"]) == (500, "InternalError"), answer.body
    message: str = answer.json["message"]
    assert message.startswith(FAILED)
    assert answer.json["details"]["causes"] == [{"message": message.removeprefix("Internal error occurred: ")}]
    assert (await api.get(MAPS)).json["items"] == []
    await api.delete(f"/apis/admissionregistration.k8s.io/v1/{kind.lower()}s/hooks")
    await register(api, kind, {**said, "failurePolicy": "Ignore"})
    assert (await api.post(MAPS, a_map())).code == 201
    return message.removeprefix(FAILED)


async def test_a_webhook_that_is_down(api: Any, hook: Hook) -> None:
    async with hooking() as gone:
        client = gone.client()
    port = gone.port
    assert await refused(api, VALIDATING, {"clientConfig": client}) == (
        f'Post "https://127.0.0.1:{port}/check?timeout=10s": dial tcp 127.0.0.1:{port}: connect: connection refused'
    )


async def test_a_webhook_that_speaks_no_tls(api: Any) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        said = await refused(api, VALIDATING, {"clientConfig": {"url": f"https://127.0.0.1:{port}/"}})
    assert said.endswith("http: server gave HTTP response to HTTPS client")


async def test_a_certificate_that_nobody_vouches_for(api: Any, hook: Hook) -> None:
    async with hooking("127.0.0.1", "other") as other:
        said = await refused(api, MUTATING, {"clientConfig": {**hook.client(), "caBundle": other.bundle}})
    assert "tls: failed to verify certificate: self-signed certificate" in said
    assert hook.seen == []


async def test_a_certificate_for_another_name(api: Any) -> None:
    async with hooking("elsewhere.example.com") as hook:
        said = await refused(api, VALIDATING, {"clientConfig": hook.client()})
    assert "tls: failed to verify certificate: IP address mismatch" in said


@pytest.mark.parametrize("bundle", ["Cg==", "bm8gUEVN"], ids=["empty", "no PEM"])
async def test_a_bundle_without_certificates(api: Any, hook: Hook, bundle: str) -> None:
    said = await refused(api, VALIDATING, {"clientConfig": {**hook.client(), "caBundle": bundle}})
    assert said.endswith("unable to load root certificates: unable to parse bytes as PEM block")


@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        (VALIDATING, lambda review: web.Response(text="no JSON"), "json parse error"),
        (VALIDATING, lambda review: web.json_response([]), "the body is no object"),
        (VALIDATING, lambda review: web.json_response({"kind": "AdmissionReview"}), "webhook response was absent"),
        (VALIDATING, lambda review: reviewed(review, uid="other"), 'got "other"'),
        (VALIDATING, lambda review: reviewed({**review, "kind": "X"}), "got admission.k8s.io/v1, Kind=X"),
        (VALIDATING, lambda review: reviewed(review, status="no"), "response.status must be an object"),
        (VALIDATING, patching({"op": "remove", "path": "/data"}), "validating webhook may not return response.patch"),
        (MUTATING, lambda review: reviewed(review, patch="W10="), "response.patch but not response.patchType"),
        (MUTATING, lambda review: reviewed(review, patchType="JSONPatch"), "response.patchType but not response.patch"),
        (MUTATING, lambda review: reviewed(review, patch="W10=", patchType="X"), 'response.patchType of "X"'),
        (MUTATING, lambda review: reviewed(review, patch="!", patchType="JSONPatch"), "no JSON patch in base64"),
        (MUTATING, lambda review: reviewed(review, patch="e30=", patchType="JSONPatch"), "a list of operations"),
        (VALIDATING, lambda review: web.Response(status=404), "could not find the requested resource"),
        (VALIDATING, lambda review: web.Response(status=503, text="busy"), 'an error on the server ("busy")'),
        (VALIDATING, lambda review: web.Response(status=302, headers={"location": "/x"}), "(code 302)"),
    ],
)
async def test_an_answer_that_is_none(api: Any, hook: Hook, kind: str, answer: Any, said: str) -> None:
    hook.answer = answer
    assert said in await refused(api, kind, {"clientConfig": hook.client()})


async def test_an_answer_over_the_limit(api: Any, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ANSWER_LIMIT", 1000)
    hook.answer = lambda review: reviewed(review, warnings=["x" * 2000])
    assert (await refused(api, VALIDATING, {"clientConfig": hook.client()})).endswith("is larger than 1000 bytes")


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "remove", "path": "/spec/none"}, "cannot be applied: operation 0 at '/spec/none'"),
        ({"op": "test", "path": "/data/k", "value": "x"}, "cannot be applied"),
        ({"op": "odd", "path": "/data"}, "cannot be applied"),
        ({"op": "replace", "path": "", "value": []}, "leaves no object"),
        ({"op": "replace", "path": "/metadata", "value": "x"}, "leaves no object"),
    ],
)
async def test_a_patch_that_does_not_apply_refuses_whatever_the_policy(
    api: Any, hook: Hook, operation: JSON, said: str
) -> None:
    await api.namespace()
    await register(api, MUTATING, {"clientConfig": hook.client(), "failurePolicy": "Ignore"})
    hook.answer = patching(operation)
    answer = await api.post(MAPS, a_map())
    assert answer.code == 500
    assert said in answer.json["message"]
    assert (await api.get(MAPS)).json["items"] == []


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ({"op": "replace", "path": "/data/k", "value": 7}, "data.k"),
        ({"op": "remove", "path": "/metadata"}, "metadata.name"),
        ({"op": "add", "path": "/metadata/labels", "value": {"-": "x"}}, "metadata.labels"),
        ({"op": "replace", "path": "/metadata/namespace", "value": "other"}, ""),
    ],
)
async def test_a_patch_that_makes_the_object_wrong_is_refused(
    api: Any, hook: Hook, operation: JSON, field: str
) -> None:
    await api.namespace()
    await register(api, MUTATING, {"clientConfig": hook.client()})
    hook.answer = patching(operation)
    answer = await api.post(MAPS, a_map())
    assert answer.code in (400, 422)
    assert field in [each["field"] for each in answer.json.get("details", {}).get("causes", [{"field": ""}])]
    assert (await api.get(MAPS)).json["items"] == []


async def test_a_patch_of_what_goes_is_refused(api: Any, hook: Hook) -> None:
    await api.namespace()
    await api.config_map("a", {})
    await register(api, MUTATING, {"clientConfig": hook.client()})
    hook.answer = patching({"op": "add", "path": "/data", "value": {}})
    answer = await api.delete(f"{MAPS}/a")
    assert answer.code == 500
    assert "attempted to modify the object, which is not supported for this operation" in answer.json["message"]
    assert (await api.get(f"{MAPS}/a")).code == 200


async def test_a_service_that_nobody_serves_is_named(api: Any) -> None:
    service: JSON = {"namespace": "blog", "name": "hook", "path": "/check"}
    posted = 'Post "https://hook.blog.svc:443/check": '
    assert await refused(api, VALIDATING, {"clientConfig": {"service": service}}) == f'{posted}service "hook" not found'
    services = "/apis/fizz.dev/v1/namespaces/blog/services"
    made = await api.post(services, {"metadata": {"name": "hook"}, "spec": {"deployment": "h", "ports": [{"port": 1}]}})
    assert made.code == 201
    await api.delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hooks")
    await register(api, VALIDATING, {"clientConfig": {"service": service}})
    assert (await api.post(MAPS, a_map("b"))).json["message"] == (
        f'{FAILED}{posted}no service port 443 found for service "hook"'
    )
    await api.patch(f"{services}/hook", {"spec": {"ports": [{"port": 443}]}})
    assert (await api.post(MAPS, a_map("b"))).json["message"] == (
        f'{FAILED}{posted}no endpoints available for service "hook"'
    )


async def test_a_service_is_reached_at_a_ready_container_under_its_name(api: Any) -> None:
    await api.namespace()
    async with hooking("hook.blog.svc") as hook:
        ports = [{"port": hook.port}]
        base = "/apis/fizz.dev/v1/namespaces/blog"
        await api.post(f"{base}/services", {"metadata": {"name": "hook"}, "spec": {"deployment": "h", "ports": ports}})
        labels = {"fizz.dev/deployment": "h"}
        for name, address in (("h-0", "127.0.0.1"), ("h-1", "127.0.0.99")):
            spec = {"metadata": {"name": name, "labels": labels}, "spec": {"image": "hook"}}
            assert (await api.post(f"{base}/containers", spec)).code == 201
            status = {"status": {"ready": name == "h-0", "ipAddresses": {"net": address}}}
            assert (await api.patch(f"{base}/containers/{name}/status", status)).code == 200
        service = {"namespace": "blog", "name": "hook", "port": hook.port}
        client = {"service": service, "caBundle": hook.bundle}
        await register(api, VALIDATING, {"clientConfig": client}, {"clientConfig": client})
        assert (await api.post(MAPS, a_map())).code == 201
        assert [each["path"] for each in hook.seen] == ["/", "/"]


async def test_a_webhook_that_is_slow_is_left_in_time(caller: Caller, hook: Hook) -> None:
    never = asyncio.Event()

    async def answer(review: JSON) -> web.StreamResponse:
        await never.wait()
        return reviewed(review)

    hook.answer = answer
    url = f"https://127.0.0.1:{hook.port}"
    with pytest.raises(CallFailed, match="context deadline exceeded"):
        await caller.post(Endpoint(url, url, bundle=hook.bundle), b'{"request":{}}', 0.02)
    never.set()


async def test_a_write_whose_webhook_is_being_asked_when_the_server_stops_is_refused(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, VALIDATING, {"clientConfig": hook.client(), "failurePolicy": "Ignore"})
    asked, never = asyncio.Event(), asyncio.Event()

    async def answer(review: JSON) -> web.StreamResponse:
        asked.set()
        await never.wait()
        return reviewed(review)

    hook.answer = answer
    request = asyncio.create_task(api.post(MAPS, a_map()))
    await asked.wait()
    api.app.service.end_streams()
    refusal = await request
    assert (refusal.code, refusal.json["reason"]) == (503, "ServiceUnavailable")
    assert (await api.post(MAPS, a_map())).code == 503
    assert (await api.get(MAPS)).json["items"] == []
    never.set()


async def test_a_client_that_goes_ends_the_call(caller: Caller, hook: Hook) -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def answer(review: JSON) -> web.StreamResponse:
        asked.set()
        await never.wait()
        return reviewed(review)

    hook.answer = answer
    url = f"https://127.0.0.1:{hook.port}"
    call = asyncio.create_task(caller.post(Endpoint(url, url, bundle=hook.bundle), b'{"request":{}}', 10))
    await asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert caller.under_way == 0
    never.set()


async def test_without_configurations_nobody_waits() -> None:
    store, registry = MemoryStore(clock=time.time), Registry.builtin()
    admission = Admission(store, registry)
    resource = registry.lookup("", "v1", "configmaps")
    assert resource is not None
    world: Any = None
    assert not admission.is_idle  # the configurations were not read yet
    assert await admission.chain("CREATE", resource, "", world) is None
    assert admission.is_idle
    await store.commit([Change("/core/configmaps/blog/a", b"{}", expected=0)])
    assert admission.is_idle
    await store.close()


async def test_one_that_says_no_wins_over_one_that_fails_when_it_stands_first(api: Any, hook: Hook) -> None:
    await api.namespace()
    down = {"url": "https://127.0.0.1:1/"}
    await register(api, VALIDATING, {"clientConfig": hook.client()}, {"clientConfig": down})
    hook.answer = lambda review: reviewed(review, allowed=False, status={"message": "no"})
    assert (await api.post(MAPS, a_map())).json["message"].endswith("denied the request: no")
