"""Who may do what, over ASGI: doors, tokens, roles, impersonation, escalation, and the questions about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fizz.apiserver.rest.gate import Door
from fizz.schemas import times
from fizz.schemas.tokens import Token, new_token

JSON = dict[str, Any]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
MAPS = "/api/v1/namespaces/blog/configmaps"


class Caller:
    """Somebody with a token at the TLS door."""

    def __init__(self, api: Any, token: str, **headers: str) -> None:
        self.api, self.token, self.headers = api.at(Door.TLS), token, headers

    async def __call__(
        self, method: str, path: str, body: Any = None, media: str = "application/json", **query: Any
    ) -> Any:
        headers = {"authorization": f"Bearer {self.token}", "content-type": media, **self.headers}
        return await self.api.request(method, path, body, headers=headers, **query)

    def acting_as(self, **headers: str) -> "Caller":
        return Caller(self.api, self.token, **{name.replace("_", "-"): value for name, value in headers.items()})


async def make_token(api: Any, user: str, *groups: str, **data: str) -> Token:
    token = new_token()
    content = {"hash": token.hash, "user": user, "groups": "\n".join(groups), **data}
    body = {"metadata": {"name": token.secret_name}, "type": "fizz.dev/token", "stringData": content}
    answer = await api.post("/api/v1/namespaces/fizz-system/secrets", body)
    assert answer.code == 201, answer.body
    return token


async def role(api: Any, name: str, *rules: JSON, namespace: str | None = None) -> None:
    path = f"{RBAC}/namespaces/{namespace}/roles" if namespace else f"{RBAC}/clusterroles"
    answer = await api.post(path, {"metadata": {"name": name}, "rules": list(rules)})
    assert answer.code == 201, answer.body


async def bind(api: Any, ref: str, user: str, *, namespace: str | None = None, kind: str = "ClusterRole") -> None:
    path = f"{RBAC}/namespaces/{namespace}/rolebindings" if namespace else f"{RBAC}/clusterrolebindings"
    body = {
        "metadata": {"name": f"{user}-{ref}"},
        "roleRef": {"kind": kind, "name": ref, "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "User", "name": user}],
    }
    answer = await api.post(path, body)
    assert answer.code == 201, answer.body


def rule(verbs: str, resources: str, group: str = "", *names: str) -> JSON:
    found: JSON = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**found, "resourceNames": list(names)} if names else found


@pytest.fixture
async def jane(api: Any) -> Caller:
    await api.namespace()
    return Caller(api, (await make_token(api, "jane", "devs")).text)


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


@pytest.mark.parametrize("door", list(Door))
@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        "Bearer fizz_aaaaaaaa_" + "0" * 64,
        "Bearer a.b.c",
        "Bearer " + "x" * 20_000,
        "Bearer",
        "Basic YTpi",
        "",
    ],
)
async def test_a_bad_token_is_nobodys_at_any_door(api: Any, door: Door, header: str) -> None:
    answer = await api.at(door).request("GET", "/version", headers={"authorization": header, "host": "localhost"})
    assert answer.code == 401
    assert answer.json["reason"] == "Unauthorized"


async def test_a_token_is_known_until_it_expires_or_is_deleted(api: Any) -> None:
    soon, past = (
        times.format_seconds(datetime.now(UTC) + timedelta(hours=1)),
        times.format_seconds(datetime.now(UTC) - timedelta(seconds=1)),
    )
    good = await make_token(api, "jane", expiration=soon)
    assert (await Caller(api, good.text)("GET", "/api")).code == 200
    for bad in (
        await make_token(api, "jane", expiration=past),
        await make_token(api, "jane", expiration="sometime"),
        await make_token(api, ""),
    ):
        assert (await Caller(api, bad.text)("GET", "/api")).code == 401
    other_half = good.text[:-1] + ("0" if good.text[-1] != "0" else "1")
    assert (await Caller(api, other_half)("GET", "/api")).code == 401
    await api.delete(f"/api/v1/namespaces/fizz-system/secrets/{good.secret_name}")
    assert (await Caller(api, good.text)("GET", "/api")).code == 401


async def test_a_secret_of_another_type_is_no_token(api: Any) -> None:
    token = new_token()
    body = {"metadata": {"name": token.secret_name}, "stringData": {"hash": token.hash, "user": "root"}}
    await api.post("/api/v1/namespaces/fizz-system/secrets", body)
    assert (await Caller(api, token.text)("GET", "/api")).code == 401


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
    for said in (["true", ""], ["true", "false"]):
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


async def test_only_masters_make_tokens_of_users(api: Any, jane: Caller) -> None:
    await bind(api, "cluster-admin", "jane")
    token = new_token()
    body = {
        "metadata": {"name": token.secret_name},
        "type": "fizz.dev/token",
        "stringData": {"hash": token.hash, "user": "x"},
    }
    path = "/api/v1/namespaces/fizz-system/secrets"
    assert (await jane("POST", path, body)).code == 403
    assert (await jane("POST", path, {**body, "type": "Opaque"})).code == 201


async def test_impersonation_needs_leave_for_each_part(api: Any, jane: Caller) -> None:
    reviews = f"{AUTHENTICATION}/selfsubjectreviews"
    as_joe = jane.acting_as(impersonate_user="joe", impersonate_group="ops")
    assert (await as_joe("POST", reviews, {})).code == 403
    await role(api, "actor", rule("impersonate", "users", "", "joe"))
    await bind(api, "actor", "jane")
    assert (await as_joe("POST", reviews, {})).code == 403
    only_joe = jane.acting_as(impersonate_user="joe")
    told = await only_joe("POST", reviews, {})
    assert told.json["status"]["userInfo"] == {"username": "joe", "groups": ["system:authenticated"]}
    assert (await only_joe("GET", MAPS)).code == 403
    assert (await jane.acting_as(impersonate_group="system:masters")("GET", "/api")).code == 400
    assert (await jane.acting_as(impersonate_sandwich="x")("GET", "/api")).code == 400


async def test_the_administrator_acts_as_anybody_and_is_no_more_than_that(api: Any) -> None:
    headers = {"impersonate-user": "system:serviceaccount:blog:ci"}
    told = await api.request("POST", f"{AUTHENTICATION}/selfsubjectreviews", {}, headers=headers)
    groups = ["system:serviceaccounts", "system:serviceaccounts:blog", "system:authenticated"]
    assert told.json["status"]["userInfo"]["groups"] == groups
    assert (await api.request("GET", "/api/v1/secrets", headers=headers)).code == 403
    anonymous = {"impersonate-user": "system:anonymous"}
    assert (await api.request("GET", "/api", headers=anonymous)).code == 403


async def test_service_accounts_get_tokens_that_end_with_them(api: Any) -> None:
    await api.namespace()
    accounts = "/api/v1/namespaces/blog/serviceaccounts"
    assert (await api.post(accounts, {"metadata": {"name": "ci"}})).code == 201
    made = await api.post(f"{accounts}/ci/token", {"spec": {"expirationSeconds": 7200}})
    assert made.code == 201
    assert made.json["spec"] == {"audiences": ["https://fizz.local"], "expirationSeconds": 7200}
    ci = Caller(api, made.json["status"]["token"])
    told = await ci("POST", f"{AUTHENTICATION}/selfsubjectreviews", {})
    info = told.json["status"]["userInfo"]
    assert info["username"] == "system:serviceaccount:blog:ci"
    assert info["extra"]["authentication.kubernetes.io/credential-id"][0].startswith("JTI=")
    assert (await ci("GET", MAPS)).code == 403
    subject = {"kind": "ServiceAccount", "name": "ci", "namespace": "blog"}
    ref = {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"}
    await api.post(
        f"{RBAC}/namespaces/blog/rolebindings", {"metadata": {"name": "ci"}, "roleRef": ref, "subjects": [subject]}
    )
    assert (await ci("GET", MAPS)).code == 200
    assert (await ci("GET", "/api/v1/namespaces/blog/secrets")).code == 403
    await api.delete(f"{accounts}/ci")
    assert (await ci("GET", MAPS)).code == 401
    await api.post(accounts, {"metadata": {"name": "ci"}})
    assert (await ci("GET", MAPS)).code == 401


async def test_a_bound_token_ends_with_what_it_is_bound_to(api: Any) -> None:
    await api.namespace()
    accounts, secrets = "/api/v1/namespaces/blog/serviceaccounts", "/api/v1/namespaces/blog/secrets"
    await api.post(accounts, {"metadata": {"name": "ci"}})
    bound = {"kind": "Secret", "apiVersion": "v1", "name": "s"}
    assert (await api.post(f"{accounts}/ci/token", {"spec": {"boundObjectRef": bound}})).code == 404
    await api.post(secrets, {"metadata": {"name": "s"}})
    wrong = await api.post(f"{accounts}/ci/token", {"spec": {"boundObjectRef": {**bound, "uid": "x"}}})
    assert wrong.code == 409
    made = await api.post(f"{accounts}/ci/token", {"spec": {"boundObjectRef": bound}})
    ci = Caller(api, made.json["status"]["token"])
    assert (await ci("GET", "/api")).code == 200
    await api.delete(f"{secrets}/s")
    assert (await ci("GET", "/api")).code == 401


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        pytest.param({"expirationSeconds": 599}, 422, id="too-short"),
        pytest.param({"expirationSeconds": 2**33}, 422, id="too-long"),
        pytest.param({"expirationSeconds": "x"}, 422, id="no-number"),
        pytest.param({"boundObjectRef": {"kind": "ConfigMap", "name": "x"}}, 422, id="bound-to-another-kind"),
        pytest.param({"boundObjectRef": {"kind": "Secret"}}, 422, id="bound-to-no-name"),
    ],
)
async def test_a_token_request_that_makes_no_sense_is_refused(api: Any, spec: JSON, code: int) -> None:
    await api.namespace()
    accounts = "/api/v1/namespaces/blog/serviceaccounts"
    await api.post(accounts, {"metadata": {"name": "ci"}})
    assert (await api.post(f"{accounts}/ci/token", {"spec": spec})).code == code
    assert (await api.post(f"{accounts}/other/token", {})).code == 404


async def test_a_token_for_another_audience_is_not_for_us(api: Any) -> None:
    await api.namespace()
    accounts = "/api/v1/namespaces/blog/serviceaccounts"
    await api.post(accounts, {"metadata": {"name": "ci"}})
    made = await api.post(f"{accounts}/ci/token", {"spec": {"audiences": ["vault", "other"]}})
    token = made.json["status"]["token"]
    assert (await Caller(api, token)("GET", "/api")).code == 401
    reviews = f"{AUTHENTICATION}/tokenreviews"
    told = (await api.post(reviews, {"spec": {"token": token, "audiences": ["vault"]}})).json["status"]
    assert told["authenticated"]
    assert told["audiences"] == ["vault"]
    assert told["user"]["username"] == "system:serviceaccount:blog:ci"
    assert not (await api.post(reviews, {"spec": {"token": token}})).json["status"]["authenticated"]
    assert (await api.post(reviews, {"spec": {}})).code == 400


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
    await api.app.state.service.bootstrap()
    assert (await api.get(f"{path}/system:discovery")).json["rules"]
    assert not (await api.get(f"{path}/system:basic-user")).json.get("rules")
    before = api.store.revision
    await api.app.state.service.bootstrap()
    assert api.store.revision == before
