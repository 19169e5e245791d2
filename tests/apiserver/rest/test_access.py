"""Who may do what, over ASGI: doors, roles, escalation, and the questions about them."""

from typing import Any

import pytest

from fizz.apiserver.rest.gate import Door
from tests.apiserver.rest.access_kit import AUTHENTICATION, AUTHORIZATION, JSON, MAPS, RBAC, Caller, bind, role, rule


async def test_the_socket_is_the_administrator_and_tls_is_nobody(api: Any) -> None:
    assert (await api.get("/api/v1/secrets")).code == 200
    assert (await api.at(Door.PLAIN).request("GET", "/api/v1/secrets", headers={"host": "localhost"})).code == 200
    answer = await api.at(Door.TLS).get("/api/v1/secrets")
    assert answer.code == 403
    assert answer.json["message"] == (
        'secrets is forbidden: User "system:anonymous" cannot list resource "secrets" in API group "" '
        "at the cluster scope"
    )


async def test_what_came_through_no_door_needs_a_token(api: Any) -> None:
    assert (await api.at(None).get("/api/v1/secrets")).code == 403


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/version"])
async def test_health_and_version_are_for_all(api: Any, path: str) -> None:
    assert (await api.at(Door.TLS).get(path)).code == 200


async def test_a_role_counts_as_soon_as_it_is_bound_and_no_longer_than_that(api: Any, jane: Caller) -> None:
    assert (await jane("GET", MAPS)).code == 403
    await role(api, "reader", rule("get list", "configmaps"), namespace="blog")
    await bind(api, "reader", "jane", namespace="blog", kind="Role")
    assert (await jane("GET", MAPS)).code == 200
    assert (await jane("GET", MAPS, watch="true")).code == 403
    assert (await jane("GET", "/api/v1/configmaps")).code == 403
    assert (await jane("GET", "/api/v1/namespaces/default/configmaps")).code == 403
    await api.delete(f"{RBAC}/namespaces/blog/rolebindings/jane-reader")
    assert (await jane("GET", MAPS)).code == 403


async def test_names_narrow_a_rule(api: Any, jane: Caller) -> None:
    await api.config_map("a", {})
    await api.config_map("b", {})
    await role(api, "one", rule("get list watch", "configmaps", "", "a"), namespace="blog")
    await bind(api, "one", "jane", namespace="blog", kind="Role")
    assert (await jane("GET", f"{MAPS}/a")).code == 200
    refused = await jane("GET", f"{MAPS}/b")
    assert refused.code == 403
    assert refused.json["details"] == {"name": "b", "kind": "configmaps"}
    assert (await jane("GET", MAPS)).code == 403
    assert (await jane("GET", MAPS, fieldSelector="metadata.name=a")).code == 200
    assert (await jane("GET", MAPS, fieldSelector="metadata.name=b")).code == 403


async def test_a_missing_object_and_a_missing_kind_look_alike_to_who_may_not(api: Any, jane: Caller) -> None:
    for path in (f"{MAPS}/a", "/apis/nowhere.dev/v1/things", "/apis/nowhere.dev/v1/things/a", "/somewhere"):
        assert (await jane("GET", path)).code == 403, path
    await bind(api, "cluster-admin", "jane")
    for path in (f"{MAPS}/a", "/apis/nowhere.dev/v1/things", "/apis/nowhere.dev/v1/things/a", "/somewhere"):
        assert (await jane("GET", path)).code == 404, path


async def test_events_of_a_stream_are_a_watch(api: Any, jane: Caller) -> None:
    await role(api, "lister", rule("list", "configmaps"), namespace="blog")
    await bind(api, "lister", "jane", namespace="blog", kind="Role")
    jane.headers = {"accept": "text/event-stream"}
    assert (await jane("GET", MAPS)).code == 403


async def test_what_is_said_twice_is_read_once_and_alike(api: Any, jane: Caller) -> None:
    await role(api, "watcher", rule("watch", "configmaps"), namespace="blog")
    await bind(api, "watcher", "jane", namespace="blog", kind="Role")
    for said in (["true", "0"], ["true", "false"]):
        assert (await jane("GET", MAPS, watch=said)).code == 403, said


async def test_a_watch_of_many_needs_each(api: Any, jane: Caller) -> None:
    await role(api, "watcher", rule("watch", "configmaps"))
    await bind(api, "watcher", "jane", namespace="blog")
    assert (await jane("GET", "/watch", resource=["configmaps", "secrets"], namespace="blog")).code == 403
    assert (await jane("GET", "/watch", resource="configmaps")).code == 403
    assert (await api.at(Door.TLS).get("/watch")).code == 403
    headers = {"authorization": f"Bearer {jane.token}"}
    async with api.at(Door.TLS).watch("/watch", headers=headers, resource="configmaps", namespace="blog") as stream:
        await api.config_map("a", {})
        assert (await stream.event())[0] == "ADDED"


async def test_each_operation_of_a_transaction_is_asked_about(api: Any, jane: Caller) -> None:
    path = "/apis/fizz.dev/v1/transactions"

    def transaction(*operations: JSON) -> JSON:
        return {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": list(operations)}

    def of(verb: str, kind: str, name: str) -> JSON:
        metadata = {"name": name, "namespace": "blog"}
        return {"verb": verb, "object": {"apiVersion": "v1", "kind": kind, "metadata": metadata}}

    assert (await api.at(Door.TLS).post(path, transaction(of("create", "ConfigMap", "a")))).code == 403
    await role(api, "maker", rule("create patch", "configmaps"), namespace="blog")
    await bind(api, "maker", "jane", namespace="blog", kind="Role")
    refused = await jane("POST", path, transaction(of("create", "ConfigMap", "a"), of("create", "Secret", "s")))
    assert refused.code == 403
    assert refused.json["details"]["causes"][0]["field"] == "operations[1]"
    assert (await api.get(f"{MAPS}/a")).code == 404
    for verb in ("delete", "update"):
        assert (await jane("POST", path, transaction(of(verb, "ConfigMap", "a")))).code == 403
    made = await jane("POST", path, transaction(of("create", "ConfigMap", "a"), of("apply", "ConfigMap", "b")))
    assert made.code == 200


async def test_an_apply_of_what_is_not_there_is_a_creation_too(api: Any, jane: Caller) -> None:
    await role(api, "patcher", rule("patch", "configmaps"), namespace="blog")
    await bind(api, "patcher", "jane", namespace="blog", kind="Role")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1"}}
    media = "application/apply-patch+yaml"
    refused = await jane("PATCH", f"{MAPS}/a", body, media, fieldManager="me")
    assert refused.code == 403
    assert "cannot create" in refused.json["message"]
    await api.config_map("a", {})
    assert (await jane("PATCH", f"{MAPS}/a", body, media, fieldManager="me")).code == 200


async def test_nobody_grants_what_they_do_not_hold(api: Any, jane: Caller) -> None:
    await role(api, "granter", rule("*", "roles rolebindings", "rbac.authorization.k8s.io"), rule("get", "configmaps"))
    # `*` includes escalate and bind, so say the verbs
    await api.put(
        f"{RBAC}/clusterroles/granter",
        {
            "metadata": {"name": "granter"},
            "rules": [
                rule("create update patch get", "roles rolebindings", "rbac.authorization.k8s.io"),
                rule("get", "configmaps"),
            ],
        },
    )
    await bind(api, "granter", "jane", namespace="blog")
    roles, bindings = f"{RBAC}/namespaces/blog/roles", f"{RBAC}/namespaces/blog/rolebindings"
    mine = {"metadata": {"name": "mine"}, "rules": [rule("get", "configmaps")]}
    assert (await jane("POST", roles, mine)).code == 201
    more = {**mine, "rules": [rule("get list", "configmaps secrets")]}
    refused = await jane("PUT", f"{roles}/mine", more)
    assert refused.code == 403
    assert 'attempting to grant RBAC permissions not currently held:\n{APIGroups:[""]' in refused.json["message"]
    patch = {"rules": more["rules"]}
    assert (await jane("PATCH", f"{roles}/mine", patch, "application/merge-patch+json")).code == 403
    label = {"metadata": {"labels": {"a": "b"}}}
    assert (await jane("PATCH", f"{roles}/mine", label, "application/merge-patch+json")).code == 200

    def binding(kind: str, name: str) -> JSON:
        ref = {"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}
        return {"metadata": {"name": name}, "roleRef": ref, "subjects": [{"kind": "User", "name": "joe"}]}

    assert (await jane("POST", bindings, binding("Role", "mine"))).code == 201
    assert (await jane("POST", bindings, binding("ClusterRole", "cluster-admin"))).code == 403
    assert (await jane("POST", bindings, binding("ClusterRole", "nothing"))).code == 404
    await role(api, "binder", rule("bind", "clusterroles", "rbac.authorization.k8s.io", "cluster-admin"))
    await bind(api, "binder", "jane")
    assert (await jane("POST", bindings, binding("ClusterRole", "cluster-admin"))).code == 201


async def test_an_aggregated_role_is_for_those_who_hold_everything(api: Any, jane: Caller) -> None:
    await role(api, "maker", rule("create update", "clusterroles", "rbac.authorization.k8s.io"))
    await bind(api, "maker", "jane")
    body: JSON = {
        "metadata": {"name": "all"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]},
    }
    assert (await jane("POST", f"{RBAC}/clusterroles", body)).code == 403
    assert (await jane("POST", f"{RBAC}/clusterroles", {"metadata": {"name": "none"}})).code == 201
    await bind(api, "cluster-admin", "jane")
    assert (await jane("POST", f"{RBAC}/clusterroles", body)).code == 201


async def test_reviews_are_answered_and_never_stored(api: Any, jane: Caller) -> None:
    await role(api, "reader", rule("get list", "configmaps"))
    await bind(api, "reader", "jane", namespace="blog")
    path = f"{AUTHORIZATION}/selfsubjectaccessreviews"

    def asked(**attributes: str) -> JSON:
        return {"spec": {"resourceAttributes": attributes}}

    yes = await jane("POST", path, asked(verb="get", resource="configmaps", namespace="blog"))
    assert yes.code == 201
    assert yes.json["status"]["allowed"] is True
    assert 'RoleBinding "jane-reader/blog" of ClusterRole "reader" to User "jane"' in yes.json["status"]["reason"]
    no = await jane("POST", path, asked(verb="get", resource="configmaps"))
    assert no.json["status"] == {"allowed": False}
    assert (await jane("POST", path, {"spec": {}})).code == 422
    assert (await jane("POST", path, {"spec": {"nonResourceAttributes": {"verb": "get", "path": "/api"}}})).json[
        "status"
    ]["allowed"]
    assert (await jane("POST", f"{AUTHORIZATION}/subjectaccessreviews", {})).code == 403
    others = {
        "spec": {"user": "jane", "resourceAttributes": {"verb": "list", "resource": "configmaps", "namespace": "blog"}}
    }
    assert (await api.post(f"{AUTHORIZATION}/subjectaccessreviews", others)).json["status"]["allowed"]
    local = f"{AUTHORIZATION}/namespaces/blog/localsubjectaccessreviews"
    assert (await api.post(local, others)).json["status"]["allowed"]
    elsewhere = f"{AUTHORIZATION}/namespaces/default/localsubjectaccessreviews"
    assert (await api.post(elsewhere, others)).code == 422
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await api.request(method, path)
        assert answer.code == 405, method


async def test_roles_count_after_the_log_that_told_of_them_is_gone(api: Any, jane: Caller) -> None:
    assert (await jane("GET", MAPS)).code == 403  # from here on the index follows the log
    await role(api, "reader", rule("list", "configmaps"))
    await bind(api, "reader", "jane")
    await api.config_map("a", {})
    await api.store.compact(api.store.revision)
    assert (await jane("GET", MAPS)).code == 200
    await api.delete(f"{RBAC}/clusterrolebindings/jane-reader")
    await api.config_map("b", {})
    await api.store.compact(api.store.revision)
    assert (await jane("GET", MAPS)).code == 403


QUESTIONS = [
    f"{AUTHENTICATION}/tokenreviews",
    f"{AUTHENTICATION}/selfsubjectreviews",
    f"{AUTHORIZATION}/subjectaccessreviews",
    f"{AUTHORIZATION}/namespaces/blog/localsubjectaccessreviews",
    f"{AUTHORIZATION}/selfsubjectaccessreviews",
    f"{AUTHORIZATION}/selfsubjectrulesreviews",
    "/api/v1/namespaces/blog/serviceaccounts/ci/token",
]
ODD: list[Any] = [
    {},
    [],
    {"spec": None},
    {"spec": []},
    {"spec": {"token": 1, "user": [], "resourceAttributes": [], "namespace": 5, "audiences": "x"}},
    {"spec": {"token": "a.b.c", "audiences": [None, 3]}},
    {"spec": {"resourceAttributes": {"verb": 1, "namespace": {}}, "user": "x", "extra": {"a": "b"}}},
    {"spec": {"resourceAttributes": None, "nonResourceAttributes": {}, "user": "x"}},
    {"spec": {"boundObjectRef": []}},
    {"spec": {"boundObjectRef": {"kind": ["x"], "name": "x"}}},
    {"metadata": 1},
    {"metadata": {"name": ["x"], "namespace": {}}},
    {"metadata": None},
    {"kind": ["x"], "apiVersion": {}},
    {"kind": "Secret", "apiVersion": "v1"},
    {"status": {"allowed": True, "token": "x"}},
]


@pytest.mark.parametrize("path", QUESTIONS)
async def test_odd_questions_get_a_status_and_never_a_fault(api: Any, path: str) -> None:
    await api.namespace()
    await api.post("/api/v1/namespaces/blog/serviceaccounts", {"metadata": {"name": "ci"}})
    before = api.store.revision
    for body in ODD:
        answer = await api.post(path, body)
        assert answer.code in {201, 400, 422}, (body, answer.body)
        if answer.code == 201:
            assert answer.json.get("status", {}).get("token") != "x"
    assert api.store.revision == before


async def test_odd_transactions_are_refused_and_never_a_fault(api: Any, jane: Caller) -> None:
    path = "/apis/fizz.dev/v1/transactions"
    secret: JSON = {"apiVersion": "v1", "kind": "Secret"}
    odd: list[Any] = [
        {"verb": ["create"], "object": {**secret, "metadata": {"name": "x"}}},
        {"verb": "create", "object": {**secret, "metadata": {"name": ["x"], "namespace": "blog"}}},
        {"verb": "create", "object": {**secret, "metadata": {"name": "x", "namespace": ["blog"]}}},
        {"verb": "apply", "object": {**secret, "metadata": {"name": "x", "namespace": {"a": 1}}}},
        {"verb": "delete", "object": {**secret, "metadata": {"name": {"a": 1}, "namespace": "blog"}}},
        {"verb": "create", "object": {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}},
    ]
    for operation in odd:
        body = {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": [operation]}
        assert (await jane("POST", path, body)).code in {400, 403}, operation
        assert (await api.post(path, body)).code in {400, 422}, operation


async def test_all_that_one_may_do_is_listed(api: Any, jane: Caller) -> None:
    await role(api, "reader", rule("get list", "configmaps"))
    await bind(api, "reader", "jane", namespace="blog")
    path = f"{AUTHORIZATION}/selfsubjectrulesreviews"
    status = (await jane("POST", path, {"spec": {"namespace": "blog"}})).json["status"]
    assert {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"]} in status["resourceRules"]
    assert any("/api/*" in each["nonResourceURLs"] for each in status["nonResourceRules"])
    assert status["incomplete"] is False
    elsewhere = (await jane("POST", path, {"spec": {"namespace": "default"}})).json["status"]
    assert not any("configmaps" in each["resources"] for each in elsewhere["resourceRules"])
    everything = (await api.post(path, {"spec": {"namespace": "blog"}})).json["status"]
    assert {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]} in everything["resourceRules"]


async def test_a_role_in_a_namespace_may_be_about_that_namespace(api: Any, jane: Caller) -> None:
    await role(api, "keeper", rule("get", "namespaces"), namespace="blog")
    await bind(api, "keeper", "jane", namespace="blog", kind="Role")
    assert (await jane("GET", "/api/v1/namespaces/blog")).code == 200
    assert (await jane("GET", "/api/v1/namespaces/default")).code == 403


async def test_viewers_read_and_editors_write_what_runs_and_neither_owns_the_nodes(api: Any) -> None:
    await api.namespace()
    path = f"{AUTHORIZATION}/subjectaccessreviews"

    async def may(user: str, verb: str, resource: str, subresource: str = "", group: str = "fizz.dev") -> bool:
        namespace = "" if resource == "nodes" else "blog"
        attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
        asked = {"user": user, "resourceAttributes": {**attributes, "namespace": namespace}}
        return bool((await api.post(path, {"spec": asked})).json["status"]["allowed"])

    for name in ("view", "edit", "admin"):
        await bind(api, name, name, namespace="blog")
    for kind in ("containers", "deployments", "networks", "services", "volumes"):
        assert await may("view", "watch", kind)
        assert not await may("view", "create", kind)
        assert await may("edit", "create", kind)
        assert await may("admin", "delete", kind)
    assert await may("view", "get", "containers", "log")
    for verb, subresource in (("create", "exec"), ("create", "restart"), ("update", "archive")):
        assert not await may("view", verb, "containers", subresource)
        assert await may("edit", verb, "containers", subresource)
    for user in ("view", "edit", "admin"):
        for verb, subresource in (("create", "build"), ("create", "pull"), ("get", "images")):
            assert not await may(user, verb, "nodes", subresource)
        assert await may(user, "list", "secrets", group="") is (user != "view")
        assert await may(user, "create", "roles", group="rbac.authorization.k8s.io") is (user == "admin")


async def test_default_roles_are_mended_at_the_start_unless_told_not_to(api: Any) -> None:
    path = f"{RBAC}/clusterroles"
    empty: JSON = {"rules": []}
    await api.patch(f"{path}/system:discovery", empty)
    keep = {**empty, "metadata": {"annotations": {"rbac.authorization.kubernetes.io/autoupdate": "false"}}}
    await api.patch(f"{path}/system:basic-user", keep)
    await api.app.service.bootstrap()
    assert (await api.get(f"{path}/system:discovery")).json["rules"]
    assert not (await api.get(f"{path}/system:basic-user")).json.get("rules")
    before = api.store.revision
    await api.app.service.bootstrap()
    assert api.store.revision == before
