"""Questions: created, answered, never stored. Who am I, whose token is this, may I, may they, and a token, please.

authentication.k8s.io   TokenReview, SelfSubjectReview
authorization.k8s.io    SubjectAccessReview, LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview
serviceaccounts/token   TokenRequest

Source: the API reference of these groups; KEP-1205, KEP-3325.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Final

from fizz.apiserver import errors
from fizz.apiserver.auth import accounts
from fizz.apiserver.auth.accounts import Bound
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.index import Decision
from fizz.apiserver.auth.rbac import Rule, compact
from fizz.apiserver.auth.users import User
from fizz.apiserver.kinds import codec
from fizz.apiserver.kinds.causes import Cause, invalid, not_supported, required
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.structural import Compiled, check_metadata_types, compile_schema
from fizz.apiserver.kinds.values import clone
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.paths import Target
from fizz.schemas import times
from fizz.schemas.authentication import TokenRequest
from fizz.schemas.base import JSON
from fizz.schemas.structural import structural_schema

__all__ = ["answer"]

_SHORTEST: Final = 600
_LONGEST: Final = 2**32
_GROUP: Final = "authentication.k8s.io"
_TOKEN_REQUEST: Final = ("authentication.k8s.io/v1", "TokenRequest")

Answer = Callable[[Context, Target, JSON, User], Awaitable[JSON]]


async def answer(context: Context, resource: Resource, target: Target, body: JSON, user: User) -> JSON:
    """The question with its answer as status. Raises `BadRequest`, `Invalid`, or `NotFound` for an account that is not
    there.
    """
    if resource.stored:
        return await _token_request(context, resource, target, _checked(*_TOKEN_REQUEST, _request_schema(), body))
    if target.name is not None or (resource.namespaced and target.namespace is None):
        raise errors.MethodNotAllowed("the server does not allow this method on the requested resource")
    asked = _checked(resource.api_version, resource.kind, resource.compiled, body)
    return {**asked, "status": await _ANSWERS[resource.kind](context, target, asked, user)}


def _checked(api_version: str, kind: str, compiled: Compiled, body: JSON) -> JSON:
    """The question as its schema leaves it, without a status. Raises `BadRequest` or `Invalid`."""
    if (body.get("kind") or kind) != kind or (body.get("apiVersion") or api_version) != api_version:
        found = f"{body.get('apiVersion')}, Kind={body.get('kind')}"
        raise errors.BadRequest(f"the body must be {api_version}, Kind={kind}, not {found}")
    given = {name: clone(value) for name, value in body.items() if name not in {"apiVersion", "kind", "status"}}
    metadata = given.pop("metadata", None) or {}
    group = api_version.partition("/")[0]
    _refuse(kind, group, check_metadata_types(metadata))
    asked: JSON = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **given}
    compiled.clean(asked)
    _refuse(kind, group, compiled.validate(asked))
    return asked


def _refuse(kind: str, group: str, causes: list[Cause]) -> None:
    if causes:
        raise errors.Invalid.of(kind, group, "", [each.dump() for each in causes])


async def _token_review(context: Context, target: Target, asked: JSON, user: User) -> JSON:
    spec = asked["spec"]
    token = spec.get("token") or ""
    if not token:
        raise errors.BadRequest("token is required for TokenReview in authentication")
    known = await context.authenticator.known(token, spec.get("audiences") or ())
    if known is None:
        return {"authenticated": False, "error": "invalid bearer token", "user": {}}
    status: JSON = {"authenticated": True, "user": known.user.dump()}
    return {**status, "audiences": list(known.audiences)}


async def _self_review(context: Context, target: Target, asked: JSON, user: User) -> JSON:
    return {"userInfo": user.dump()}


async def _access_review(context: Context, target: Target, asked: JSON, user: User) -> JSON:
    spec = asked["spec"]
    causes = _which(spec)
    if not spec.get("user") and not spec.get("groups"):
        causes.append(invalid("spec.user", "", "at least one of user or group must be specified"))
    if asked["kind"] == "LocalSubjectAccessReview":
        namespace = (spec.get("resourceAttributes") or {}).get("namespace")
        if spec.get("nonResourceAttributes"):
            causes.append(invalid("spec.nonResourceAttributes", {}, "disallowed on this kind of request"))
        if namespace != target.namespace:
            causes.append(invalid("spec.resourceAttributes.namespace", namespace, "must match metadata.namespace"))
    _refuse(asked["kind"], "authorization.k8s.io", causes)
    extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
    whose = User(spec.get("user") or "", spec.get("uid") or "", tuple(spec.get("groups") or ()), extra)
    return _decided(await context.access.decide(whose, _asked_action(spec)))


async def _self_access_review(context: Context, target: Target, asked: JSON, user: User) -> JSON:
    _refuse(asked["kind"], "authorization.k8s.io", _which(asked["spec"]))
    return _decided(await context.access.decide(user, _asked_action(asked["spec"])))


async def _rules_review(context: Context, target: Target, asked: JSON, user: User) -> JSON:
    namespace = asked["spec"].get("namespace") or ""
    if not namespace:
        raise errors.BadRequest("no namespace on request")
    held = await context.access.rules(user, namespace)
    if user.is_master:
        held = [Rule(("*",), ("*",), ("*",)), Rule(("*",), urls=("*",)), *held]
    shown = [rule.dump() for rule in compact(held)]
    return {
        "resourceRules": [each for each in shown if "resources" in each],
        "nonResourceRules": [each for each in shown if "nonResourceURLs" in each],
        "incomplete": False,
    }


def _which(spec: JSON) -> list[Cause]:
    """One of the two kinds of requests, and not both."""
    has_resource, has_path = spec.get("resourceAttributes") is not None, spec.get("nonResourceAttributes") is not None
    if has_resource and has_path:
        return [invalid("spec.nonResourceAttributes", {}, "cannot be specified in combination with resourceAttributes")]
    if not has_resource and not has_path:
        what = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [invalid("spec.resourceAttributes", None, what)]
    return []


def _asked_action(spec: JSON) -> Action:
    if (path := spec.get("nonResourceAttributes")) is not None:
        return Action(path.get("verb") or "", path=path.get("path") or "")
    given = spec["resourceAttributes"]
    keys = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    return Action(*(given.get(key) or "" for key in keys))


def _decided(decision: Decision) -> JSON:
    status: JSON = {"allowed": decision.allowed}
    return {**status, "reason": decision.reason} if decision.reason else status


_ANSWERS: Final[dict[str, Answer]] = {
    "TokenReview": _token_review,
    "SelfSubjectReview": _self_review,
    "SubjectAccessReview": _access_review,
    "LocalSubjectAccessReview": _access_review,
    "SelfSubjectAccessReview": _self_access_review,
    "SelfSubjectRulesReview": _rules_review,
}


@cache
def _request_schema() -> Compiled:
    """TokenRequest has no place of its own in the URL space, so the registry does not know it."""
    return compile_schema(structural_schema(TokenRequest))


async def _token_request(context: Context, resource: Resource, target: Target, asked: JSON) -> JSON:
    """A token of a ServiceAccount."""
    assert target.name is not None
    metadata = asked["metadata"]
    if metadata.get("name") not in {None, "", target.name} or metadata.get("namespace") not in {
        None,
        "",
        target.namespace,
    }:
        raise errors.BadRequest("the name and namespace of the TokenRequest must be those of the URL")
    record = await context.record(resource, target.namespace, target.name)
    account = codec.load(record.value, record.revision)
    spec = asked.get("spec") or {}
    seconds = spec.get("expirationSeconds", 3600)
    causes: list[Cause] = []
    if seconds < _SHORTEST:
        causes.append(invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
    elif seconds > _LONGEST:
        causes.append(invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"))
    _refuse("TokenRequest", _GROUP, causes)
    bound = await _bound(context, target, spec.get("boundObjectRef"))
    audiences = list(dict.fromkeys(spec.get("audiences") or (accounts.AUDIENCE,)))
    token, expires = accounts.mint(context.authenticator.keys, account, audiences, seconds, context.clock(), bound)
    place = {"name": target.name, "namespace": target.namespace}
    return {
        **asked,
        "metadata": {**place, "creationTimestamp": times.format_seconds(context.clock())},
        "spec": {**spec, "audiences": audiences, "expirationSeconds": seconds},
        "status": {"token": token, "expirationTimestamp": times.format_seconds(expires)},
    }


async def _bound(context: Context, target: Target, reference: JSON | None) -> Bound | None:
    """The object that the token shall be bound to, as it is now."""
    if not reference:
        return None
    place = accounts.BOUND.get((reference.get("apiVersion") or "v1", reference.get("kind") or ""))
    if place is None:
        known = [f"{kind} of {version}" for version, kind in accounts.BOUND]
        _refuse("TokenRequest", _GROUP, [not_supported("spec.boundObjectRef.kind", reference.get("kind"), known)])
    assert place is not None
    claim, group, plural = place
    if not reference.get("name"):
        _refuse("TokenRequest", _GROUP, [required("spec.boundObjectRef.name")])
    resource = context.registry.lookup(group, "v1", plural)
    assert resource is not None
    record = await context.record(resource, target.namespace, reference["name"])
    uid = codec.load(record.value, record.revision)["metadata"]["uid"]
    if reference.get("uid") not in {None, "", uid}:
        name = reference["name"]
        why = f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record ({uid})"
        raise errors.Conflict.of(resource.name, name, why)
    return Bound(claim, reference["name"], uid)
