"""Callers with tokens, roles and bindings, for tests of who may do what."""

from typing import Any

from fizz.apiserver.rest.gate import Door
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
