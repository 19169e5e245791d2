"""Webhooks are asked about writes: what they see, what they change, what they refuse."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.apiserver.rest.webhook_kit import BASE, CONFIG_MAPS, JSON, Hook, configuration, hooking, patching, reviewed

MUTATING = "MutatingWebhookConfiguration"
VALIDATING = "ValidatingWebhookConfiguration"
MAPS = "/api/v1/namespaces/blog/configmaps"


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with hooking() as made:
        yield made


async def register(api: Any, kind: str, *hooks: JSON, name: str = "hooks") -> JSON:
    answer = await api.post(f"{BASE}/{kind.lower()}s", configuration(kind, name, *hooks))
    assert answer.code == 201, answer.body
    made: JSON = answer.json
    return made


def a_map(name: str = "a", data: JSON | None = None, **metadata: Any) -> JSON:
    return {"metadata": {"name": name, **metadata}, "data": data or {"k": "v"}}


async def test_a_webhook_sees_what_kubernetes_shows(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, VALIDATING, {"clientConfig": hook.client()})
    made = await api.post(MAPS, a_map(), fieldManager="me", dryRun="All")
    assert made.code == 201
    (seen,) = hook.seen
    assert seen["path"] == "/check"
    assert seen["query"] == {"timeout": "10s"}
    assert {key: seen[key] for key in ("kind", "resource", "requestKind", "requestResource", "name", "namespace")} == {
        "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "resource": {"group": "", "version": "v1", "resource": "configmaps"},
        "requestKind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "requestResource": {"group": "", "version": "v1", "resource": "configmaps"},
        "name": "a",
        "namespace": "blog",
    }
    assert seen["operation"] == "CREATE"
    assert seen["dryRun"] is True
    assert seen["oldObject"] is None
    assert (seen["object"]["kind"], seen["object"]["apiVersion"]) == ("ConfigMap", "v1")
    assert seen["object"]["metadata"]["uid"] == made.json["metadata"]["uid"]
    assert seen["userInfo"] == {"username": "administrator", "groups": ["system:masters", "system:authenticated"]}
    assert seen["options"] == {
        "kind": "CreateOptions",
        "apiVersion": "meta.k8s.io/v1",
        "fieldManager": "me",
        "fieldValidation": "Warn",
        "dryRun": ["All"],
    }


async def test_updates_and_deletions_show_what_was_there(api: Any, hook: Hook) -> None:
    await api.namespace()
    before = await api.config_map("a", {"k": "1"})
    await register(api, VALIDATING, {"clientConfig": hook.client()})
    await api.patch(f"{MAPS}/a", {"data": {"k": "2"}})
    await api.delete(f"{MAPS}/a")
    update, deletion = hook.seen
    assert (update["operation"], update["options"]["kind"]) == ("UPDATE", "UpdateOptions")
    assert (update["oldObject"]["data"], update["object"]["data"]) == ({"k": "1"}, {"k": "2"})
    assert update["object"]["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert (deletion["operation"], deletion["options"]["kind"]) == ("DELETE", "DeleteOptions")
    assert (deletion["object"], deletion["oldObject"]["data"]) == (None, {"k": "2"})
    assert (await api.get(f"{MAPS}/a")).code == 404


async def test_a_refusal_is_told_in_kubernetes_words_and_nothing_is_written(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, VALIDATING, {"name": "no.example.com", "clientConfig": hook.client()})
    said = {"code": 403, "reason": "Forbidden", "message": "not on a Friday", "details": {"name": "a"}}
    hook.answer = lambda review: reviewed(review, allowed=False, status=said)
    answer = await api.post(MAPS, a_map())
    assert answer.code == 403
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'admission webhook "no.example.com" denied the request: not on a Friday',
        "reason": "Forbidden",
        "details": {"name": "a"},
        "code": 403,
    }
    hook.answer = lambda review: reviewed(review, allowed=False)
    answer = await api.post(MAPS, a_map())
    assert (answer.code, answer.json["message"]) == (
        400,
        'admission webhook "no.example.com" denied the request without explanation',
    )
    assert (await api.get(MAPS)).json["items"] == []


async def test_a_refused_deletion_leaves_the_object_alone_or_in_a_collection(api: Any, hook: Hook) -> None:
    await api.namespace()
    await api.config_map("a", {})
    await register(api, VALIDATING, {"clientConfig": hook.client()})
    hook.answer = lambda review: reviewed(review, allowed=False, status={"message": "keep it"})
    assert (await api.delete(f"{MAPS}/a")).code == 400
    assert (await api.delete(MAPS)).code == 400
    assert (await api.get(f"{MAPS}/a")).code == 200
    assert [each["operation"] for each in hook.seen] == ["DELETE", "DELETE"]


async def test_calls_share_a_connection(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, MUTATING, {"clientConfig": hook.client()}, {"clientConfig": hook.client()})
    for name in ("a", "b", "c"):
        assert (await api.post(MAPS, a_map(name))).code == 201
    assert (len(hook.seen), len(hook.connections)) == (6, 1)


async def test_warnings_reach_the_client_once(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, VALIDATING, {"clientConfig": hook.client()}, {"clientConfig": hook.client()})
    hook.answer = lambda review: reviewed(review, warnings=["this is old"])
    answer = await api.post(MAPS, a_map())
    assert answer.code == 201
    assert answer.headers["warning"] == '299 - "this is old"'
    assert (await api.delete(f"{MAPS}/a")).headers["warning"] == '299 - "this is old"'
    await api.post(MAPS, a_map())
    assert (await api.delete(MAPS)).headers["warning"] == '299 - "this is old"'


async def test_a_mutating_webhook_changes_what_is_written_and_others_see_it(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, MUTATING, {"clientConfig": hook.client("/one")}, {"clientConfig": hook.client("/two")})
    await register(api, VALIDATING, {"clientConfig": hook.client("/three")})
    add = patching({"op": "add", "path": "/data/added", "value": "yes"})
    hook.answer = lambda review: add(review) if hook.seen[-1]["path"] == "/one" else reviewed(review)
    made = (await api.post(MAPS, a_map(), fieldManager="me")).json
    assert made["data"] == {"k": "v", "added": "yes"}
    assert [(each["path"], each["object"]["data"].get("added")) for each in hook.seen] == [
        ("/one", None),
        ("/two", "yes"),
        ("/three", "yes"),
    ]
    (entry,) = made["metadata"]["managedFields"]
    assert entry["fieldsV1"]["f:data"] == {".": {}, "f:k": {}}  # nobody owns what a webhook adds


async def test_a_mutating_webhook_sees_a_new_object_before_the_system_writes_its_part(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, MUTATING, {"clientConfig": hook.client()})
    await register(api, VALIDATING, {"clientConfig": hook.client()})
    made = (await api.post(MAPS, {"metadata": {"generateName": "a-"}})).json
    early, late = hook.seen
    assert "name" not in early
    assert early["object"]["metadata"].keys() == {"generateName", "namespace", "managedFields"}
    assert late["name"] == late["object"]["metadata"]["name"] == made["metadata"]["name"]


async def test_a_webhook_may_make_whole_what_the_schema_would_refuse(api: Any, hook: Hook) -> None:
    await api.namespace()
    services = {**CONFIG_MAPS, "apiGroups": ["fizz.dev"], "resources": ["services"]}
    await register(api, MUTATING, {"clientConfig": hook.client(), "rules": [services]})
    hook.answer = patching({"op": "add", "path": "/spec/deployment", "value": "web"})
    path = "/apis/fizz.dev/v1/namespaces/blog/services"
    made = await api.post(path, {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}})
    assert made.code == 201, made.body
    assert made.json["spec"]["deployment"] == "web"
    assert made.json["spec"]["ports"] == [{"port": 80, "protocol": "tcp"}]
    hook.answer = patching({"op": "replace", "path": "/spec/ports/0/port", "value": 0})
    answer = await api.post(path, {"metadata": {"name": "b"}, "spec": {"deployment": "d", "ports": [{"port": 80}]}})
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "spec.ports[0].port"


async def test_all_ways_to_write_are_asked_about(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, MUTATING, {"clientConfig": hook.client()})
    hook.answer = patching({"op": "add", "path": "/data/added", "value": "yes"})
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "1"}}
    answer = await api.patch(f"{MAPS}/a", {**applied, "metadata": {"name": "a"}}, "apply-patch+yaml", fieldManager="me")
    assert (answer.code, answer.json["data"]) == (201, {"k": "1", "added": "yes"})
    applied["data"] = {"k": "2"}
    answer = await api.patch(f"{MAPS}/a", {**applied, "metadata": {"name": "a"}}, "apply-patch+yaml", fieldManager="me")
    assert (answer.code, answer.json["data"]) == (200, {"k": "2", "added": "yes"})
    put = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {}}
    assert (await api.put(f"{MAPS}/a", put)).json["data"] == {"added": "yes"}
    operations: list[JSON] = [{"verb": "create", "object": {**put, "metadata": {"name": "b", "namespace": "blog"}}}]
    body = {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": operations}
    done = await api.post("/apis/fizz.dev/v1/transactions", body)
    assert done.json["results"][0]["object"]["data"] == {"added": "yes"}
    hook.answer = lambda review: reviewed(review, allowed=False, status={"message": "no", "code": 403})
    operations[0]["object"]["metadata"]["name"] = "c"
    done = await api.post("/apis/fizz.dev/v1/transactions", body)
    assert (done.code, done.json["message"]) == (
        403,
        'operations[0]: admission webhook "hook0.example.com" denied the request: no',
    )


async def test_the_scale_of_an_object_is_shown_and_changed_as_a_scale(api: Any, hook: Hook) -> None:
    await api.namespace()
    path = "/apis/fizz.dev/v1/namespaces/blog/deployments"
    made = await api.post(path, {"metadata": {"name": "web"}, "spec": {"template": {"spec": {"image": "web"}}}})
    assert made.code == 201, made.body
    scales = {**CONFIG_MAPS, "apiGroups": ["*"], "resources": ["*/scale"]}
    await register(api, MUTATING, {"clientConfig": hook.client(), "rules": [scales]})
    hook.answer = patching({"op": "replace", "path": "/spec/replicas", "value": 3})
    answer = await api.patch(f"{path}/web/scale", {"spec": {"replicas": 9}})
    assert answer.json["spec"]["replicas"] == 3
    (seen,) = hook.seen
    assert seen["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert (seen["subResource"], seen["resource"]["resource"]) == ("scale", "deployments")
    assert (seen["oldObject"]["spec"], seen["object"]["spec"]) == ({"replicas": 1}, {"replicas": 9})
    await api.patch(f"{path}/web", {"spec": {"replicas": 2}})
    assert len(hook.seen) == 1


async def test_who_wants_to_be_asked_again_is_when_a_later_one_changed_the_object(api: Any, hook: Hook) -> None:
    await api.namespace()
    hooks: list[JSON] = [
        {"clientConfig": hook.client("/again"), "reinvocationPolicy": "IfNeeded"},
        {"clientConfig": hook.client("/once")},
        {"clientConfig": hook.client("/adds"), "reinvocationPolicy": "IfNeeded"},
    ]
    await register(api, MUTATING, *hooks)
    add = patching({"op": "add", "path": "/data/added", "value": "yes"})
    hook.answer = lambda review: add(review) if hook.seen[-1]["path"] == "/adds" else reviewed(review)
    await api.post(MAPS, a_map())
    assert [each["path"] for each in hook.seen] == ["/again", "/once", "/adds", "/again"]
    await api.post(MAPS, a_map("b", {"added": "yes"}))
    assert [each["path"] for each in hook.seen[4:]] == ["/again", "/once", "/adds"]


async def test_labels_choose_namespaces_and_objects(api: Any, hook: Hook) -> None:
    await api.namespace()
    await api.post("/api/v1/namespaces", {"metadata": {"name": "prod", "labels": {"env": "prod"}}})
    selectors: JSON = {
        "namespaceSelector": {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]},
        "objectSelector": {"matchLabels": {"watched": "yes"}},
    }
    everything = {**CONFIG_MAPS, "resources": ["configmaps", "namespaces"]}
    await register(api, VALIDATING, {"clientConfig": hook.client(), "rules": [everything], **selectors})
    await api.post(MAPS, a_map(labels={"watched": "yes"}))
    prod = "/api/v1/namespaces/prod/configmaps"
    await api.post(prod, a_map("plain"))
    assert hook.seen == []
    await api.post(prod, a_map("b", labels={"watched": "yes"}))
    await api.patch(f"{prod}/b", {"metadata": {"labels": None}})  # what it was counts, too
    await api.patch(f"{prod}/b", {"data": {"x": "y"}})
    labels = {"watched": "yes", "env": "prod"}
    await api.post("/api/v1/namespaces", {"metadata": {"name": "other", "labels": labels}})
    assert [(each["operation"], each["name"], each["namespace"]) for each in hook.seen] == [
        ("CREATE", "b", "prod"),
        ("UPDATE", "b", "prod"),
        ("CREATE", "other", "other"),
    ]


async def test_conditions_choose_requests_and_their_failure_refuses_or_passes(api: Any, hook: Hook) -> None:
    await api.namespace()
    wanted = [
        {"name": "big", "expression": "object.data.size == 'big'"},
        {"name": "not-mine", "expression": "request.userInfo.username != 'nobody'"},
    ]
    broken: JSON = {"clientConfig": hook.client(), "matchConditions": wanted}
    made = await register(api, VALIDATING, broken)
    await api.post(MAPS, a_map("small", {"size": "small"}))
    assert hook.seen == []
    await api.post(MAPS, a_map("big", {"size": "big"}))
    assert len(hook.seen) == 1
    answer = await api.post(MAPS, a_map("none", {"other": "x"}))
    assert answer.code == 403
    assert answer.json["message"] == 'configmaps "none" is forbidden: big: no such key: size'
    made["webhooks"][0]["failurePolicy"] = "Ignore"
    await api.put(f"{BASE}/validatingwebhookconfigurations/hooks", made)
    assert (await api.post(MAPS, a_map("none", {"other": "x"}))).code == 201
    assert len(hook.seen) == 1


async def test_nobody_is_asked_about_configurations_or_what_the_server_does(api: Any, hook: Hook) -> None:
    everything = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    await register(api, VALIDATING, {"clientConfig": hook.client(), "rules": [everything]})
    hook.answer = lambda review: reviewed(review, allowed=False)
    path = f"{BASE}/validatingwebhookconfigurations/hooks"
    assert (await api.patch(path, {"metadata": {"labels": {"a": "b"}}})).code == 200
    assert (await api.post("/api/v1/namespaces", {"metadata": {"name": "x"}})).code == 400
    await api.app.service.bootstrap()
    assert (await api.delete(path)).code == 200
    assert (await api.post("/api/v1/namespaces", {"metadata": {"name": "x"}})).code == 201
    assert len(hook.seen) == 1


async def test_a_rule_for_one_version_is_asked_in_it_about_another(api: Any, hook: Hook) -> None:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "metadata": {"name": "shops.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"plural": "shops", "kind": "Shop"},
            "scope": "Cluster",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": schema},
                {"name": "v2", "served": True, "storage": False, "schema": schema},
            ],
        },
    }
    async with api.watch("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", watch="1") as stream:
        await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        while not any(each["type"] == "Established" for each in (await stream.event())[1]["status"]["conditions"]):
            pass
    rules = [{**CONFIG_MAPS, "apiGroups": ["example.com"], "resources": ["shops"]}]
    await register(api, MUTATING, {"clientConfig": hook.client(), "rules": rules})
    exact = {"clientConfig": hook.client(), "rules": rules, "matchPolicy": "Exact"}
    await register(api, VALIDATING, exact)
    hook.answer = patching({"op": "add", "path": "/added", "value": "yes"})
    body = {"apiVersion": "example.com/v2", "kind": "Shop", "metadata": {"name": "a"}}
    made = await api.post("/apis/example.com/v2/shops", body)
    assert made.code == 201, made.body
    assert (made.json["apiVersion"], made.json["added"]) == ("example.com/v2", "yes")
    (seen,) = hook.seen
    assert (seen["object"]["apiVersion"], seen["kind"]["version"]) == ("example.com/v1", "v1")
    assert (seen["requestKind"]["version"], seen["requestResource"]["version"]) == ("v2", "v2")


async def test_a_rule_for_events_of_one_group_is_asked_in_it_about_those_of_the_other(api: Any, hook: Hook) -> None:
    await api.namespace()
    await register(api, MUTATING, {"clientConfig": hook.client(), "rules": [{**CONFIG_MAPS, "resources": ["events"]}]})
    hook.answer = patching({"op": "replace", "path": "/message", "value": "it was changed"})
    event = {
        "metadata": {"name": "e"},
        "eventTime": "2026-01-31T09:30:00.000000Z",
        "reportingController": "example.com/c",
        "reportingInstance": "c-0",
        "action": "Act",
        "reason": "Because",
        "type": "Normal",
        "note": "it was so",
        "regarding": {"kind": "ConfigMap", "namespace": "blog", "name": "a"},
    }
    made = await api.post("/apis/events.k8s.io/v1/namespaces/blog/events", event)
    assert made.code == 201, made.body
    (seen,) = hook.seen
    assert (seen["object"]["apiVersion"], seen["object"]["message"]) == ("v1", "it was so")
    assert seen["object"]["involvedObject"]["name"] == "a"
    assert (made.json["apiVersion"], made.json["note"]) == ("events.k8s.io/v1", "it was changed")
    assert made.json["regarding"] == {"kind": "ConfigMap", "namespace": "blog", "name": "a"}
