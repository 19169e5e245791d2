"""The unauthorised matrix: every verb on every resource and subresource, by who may not; nothing is told, nothing done.

Each cell is asked twice: of an object that is there and of one that is not. The two answers must be the same but for
the name, so that who may not, cannot find out which is which.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import pytest

from fizz.apiserver.rest.gate import Door
from fizz.schemas.kinds import BUILTIN, Kind
from fizz.schemas.tokens import new_token
from tests.apiserver.rest.access_kit import bind, make_token, role, rule

HIDDEN = "hidden-from-you"
THERE, ABSENT = "present", "missing"
SUBRESOURCES = ("", "status", "scale", "log", "engine", "finalize", "token", "nonsense")
METHODS = {
    "POST": "application/json",
    "PUT": "application/json",
    "PATCH": "application/merge-patch+json",
    "DELETE": "application/json",
    "GET": "application/json",
    "HEAD": "application/json",
    "OPTIONS": "application/json",
}


class Cell(NamedTuple):
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    media: str
    accept: str = "application/json"


def of_objects(kind: Kind, name: str) -> Iterator[Cell]:
    for sub in SUBRESOURCES:
        path = f"{place(kind)}/{name}" + (f"/{sub}" if sub else "")
        for method, media in METHODS.items():
            yield Cell(method, path, {}, media)
        yield Cell("PATCH", path, {"fieldManager": "me"}, "application/apply-patch+yaml")


def of_collections(kind: Kind) -> Iterator[Cell]:
    everywhere = f"{root(kind)}/{kind.plural}"
    for path in {place(kind), everywhere}:
        for method, media in METHODS.items():
            yield Cell(method, path, {}, media)
        yield Cell("GET", path, {"watch": "true", "timeoutSeconds": "1"}, "application/json")
        yield Cell("GET", path, {"timeoutSeconds": "1"}, "application/json", "text/event-stream")
        yield Cell("GET", path, {"limit": "1"}, "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io")
        yield Cell("GET", path, {"fieldSelector": f"metadata.name={THERE}"}, "application/json")
        yield Cell("GET", "/watch", {"resource": kind.resource, "timeoutSeconds": "1"}, "application/json")


def root(kind: Kind) -> str:
    return f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"


def place(kind: Kind) -> str:
    return f"{root(kind)}/namespaces/{HIDDEN}/{kind.plural}" if kind.namespaced else f"{root(kind)}/{kind.plural}"


async def callers(api: Any) -> dict[str, dict[str, str]]:
    """Headers of those who may not."""
    await role(api, "narrow", rule("get", "configmaps", "", "mine"))
    await bind(api, "narrow", "jane", namespace="default")
    narrow = await make_token(api, "jane")
    return {
        "no token": {},
        "wrong token": {"authorization": f"Bearer {new_token().text}"},
        "narrow role": {"authorization": f"Bearer {narrow.text}"},
    }


NAMES = {"CustomResourceDefinition": "gadgets.example.com", "Release": "v1"}
"""What the object that is there is called, where it cannot be called anything."""
BODIES: dict[str, dict[str, Any]] = {
    "CustomResourceDefinition": {
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "kind": "Gadget"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        }
    },
    "ValidatingAdmissionPolicy": {
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {"operations": ["CREATE"], "apiGroups": ["example.com"], "apiVersions": ["v1"], "resources": ["x"]}
                ]
            },
            "validations": [{"expression": "true"}],
        }
    },
    "ValidatingAdmissionPolicyBinding": {"spec": {"policyName": "x", "validationActions": ["Audit"]}},
    "Deployment": {"spec": {"template": {"spec": {"image": "x"}}}},
    "Container": {"spec": {"image": "x"}},
    "Job": {"spec": {"template": {"spec": {"image": "x"}}}},
    "CronJob": {"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": {"image": "x"}}}}}},
    "Release": {"spec": {"project": "x", "number": 1, "digest": "x", "resources": [], "manifest": ""}},
    "Service": {"spec": {"deployment": "x", "ports": [{"port": 1}]}},
    "RoleBinding": {"roleRef": {"kind": "Role", "name": "x", "apiGroup": "rbac.authorization.k8s.io"}},
    "ClusterRoleBinding": {"roleRef": {"kind": "ClusterRole", "name": "x", "apiGroup": "rbac.authorization.k8s.io"}},
}


@pytest.mark.parametrize("kind", [each for each in BUILTIN if each.verbs != ("create",)], ids=lambda each: each.kind)
@pytest.mark.timeout(60)
async def test_who_may_not_learns_and_changes_nothing(api: Any, kind: Kind) -> None:
    await api.namespace(HIDDEN)
    there = NAMES.get(kind.kind, THERE)
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": there}, **BODIES.get(kind.kind, {})}
    if kind.resource == "events":
        body["involvedObject"] = {"namespace": HIDDEN}
    elif kind.kind == "Event":
        body |= {"regarding": {"namespace": HIDDEN}, "eventTime": "2026-01-31T09:30:00.000000Z", "type": "Normal"}
        body |= dict.fromkeys(("reportingController", "reportingInstance", "action", "reason"), "x")
    assert (await api.post(place(kind), body)).code == 201
    denied = await callers(api)
    before = api.store.revision
    tls = api.at(Door.TLS)

    async def ask(cell: Cell, headers: dict[str, str]) -> tuple[int, Any]:
        sent = {**headers, "content-type": cell.media, "accept": cell.accept}
        written = None if cell.method in {"GET", "HEAD", "OPTIONS"} else body
        answer = await asyncio.wait_for(
            tls.request(cell.method, cell.path, written, headers=sent, **cell.query), timeout=5
        )
        return answer.code, orjson.loads(answer.body.replace(ABSENT.encode(), there.encode()))

    for name, headers in denied.items():
        expected = 401 if name == "wrong token" else 403
        for cell in of_collections(kind):
            code, said = await ask(cell, headers)
            assert code == expected, (name, cell, said)
            assert said["kind"] == "Status"
        for present, absent in zip(of_objects(kind, there), of_objects(kind, ABSENT), strict=True):
            code, said = await ask(present, headers)
            assert code == expected, (name, present, said)
            assert (code, said) == await ask(absent, headers), (name, present)
    assert api.store.revision == before


@pytest.mark.parametrize("kind", [each for each in BUILTIN if each.verbs == ("create",)], ids=lambda each: each.kind)
async def test_questions_are_answered_to_those_who_may_ask(api: Any, kind: Kind) -> None:
    await api.namespace(HIDDEN)
    about_oneself = kind.kind.startswith("Self")
    for name, headers in (await callers(api)).items():
        answer = await api.at(Door.TLS).request("POST", place(kind), {"spec": {}}, headers=headers)
        if name == "wrong token":
            assert answer.code == 401
        elif name == "no token" or not about_oneself:
            assert answer.code == 403
        else:
            assert answer.code in {201, 400, 422}
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            assert (await api.at(Door.TLS).request(method, place(kind), {}, headers=headers)).code in {401, 403}


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/apis",
        "/api/v1",
        "/apis/fizz.dev",
        "/apis/fizz.dev/v1",
        "/apis/fizz.dev/v1/serverinfo",
        "/openapi/v3",
        "/openapi/v2",
        "/watch",
        "/",
        "/metrics",
        "/debug/pprof",
        "/livez/store",
        "/.well-known/openid-configuration",
    ],
)
async def test_nobody_without_a_token_gets_further_than_health(api: Any, path: str) -> None:
    for method in METHODS:
        answer = await api.at(Door.TLS).request(method, path)
        assert answer.code == 403, method
        wrong = await api.at(Door.TLS).request(method, path, headers={"authorization": "Bearer x"})
        assert wrong.code == 401, method


async def test_a_narrow_role_opens_what_it_says_and_nothing_beside_it(api: Any) -> None:
    headers = (await callers(api))["narrow role"]
    await api.config_map("mine", {"k": "v"}, namespace="default")
    await api.config_map("other", {"k": "v"}, namespace="default")
    tls, maps = api.at(Door.TLS), "/api/v1/namespaces/default/configmaps"
    assert (await tls.request("GET", f"{maps}/mine", headers=headers)).json["data"] == {"k": "v"}
    assert (await tls.request("GET", f"{maps}/other", headers=headers)).code == 403
    for odd in (
        f"{maps}/mine/../other",
        f"{maps}/mine/",
        f"{maps}//other",
        f"/{maps}/other",
        f"{maps}/mine/status",
        f"{maps.upper()}/mine",
    ):
        answer = await tls.request("GET", odd, headers=headers)
        assert answer.code in {403, 404} or answer.json["metadata"]["name"] == "mine", odd
