"""Who is it, over ASGI: tokens of users and of ServiceAccounts, and those who act as others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from fizz.apiserver.rest.gate import Door
from fizz.schemas import times
from fizz.schemas.tokens import new_token
from tests.apiserver.rest.access_kit import (
    AUTHENTICATION,
    JSON,
    MAPS,
    RBAC,
    Caller,
    bind,
    make_token,
    role,
    rule,
)


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


async def test_tokens_can_be_checked_with_the_keys_that_are_published(api: Any) -> None:
    await api.namespace()
    await api.post("/api/v1/namespaces/blog/serviceaccounts", {"metadata": {"name": "bob"}})
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = "/api/v1/namespaces/blog/serviceaccounts/bob/token"
    token = (await api.post(path, asked)).json["status"]["token"]
    told = (await api.get("/.well-known/openid-configuration")).json
    answer = await api.get("/openid/v1/jwks")
    assert told["jwks_uri"].endswith("/openid/v1/jwks")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    key = jwt.PyJWKSet.from_dict(answer.json)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], issuer=told["issuer"], audience=told["issuer"])
    assert claims["sub"] == "system:serviceaccount:blog:bob"
    account = Caller(api, token)
    assert (await account("GET", "/openid/v1/jwks")).code == 200
    assert (await api.at(Door.TLS).get("/openid/v1/jwks")).code == 403
