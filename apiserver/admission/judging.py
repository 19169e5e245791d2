"""Judging a request by the policies that are about it: parameters are found, expressions evaluated, actions taken.

A breach with the action Deny refuses the write, in the words of the first; Warn tells the client, Audit the server's
log. Where parameters cannot be found, or an expression fails, the policy's failurePolicy decides.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import structlog

from fizz.apiserver import errors
from fizz.apiserver.admission import review
from fizz.apiserver.admission.attributes import Attributes
from fizz.apiserver.admission.policies import Applied, Breach
from fizz.apiserver.kinds.registry import Registry, Resource
from fizz.schemas.base import JSON
from fizz.schemas.selectors import LabelSelector, load_labels

__all__ = ["World", "judge"]

log = structlog.get_logger()

_REFUSALS: Final[Mapping[str, type[errors.ApiError]]] = {
    "Unauthorized": errors.Unauthorized,
    "Forbidden": errors.Forbidden,
    "Invalid": errors.Invalid,
    "RequestEntityTooLarge": errors.RequestEntityTooLarge,
}


class World(Protocol):
    """What there is besides the object that is asked about, as of the write."""

    async def convert(self, obj: JSON, resource: Resource) -> JSON:
        """An object in the version of a resource, which may be its own, with the defaults of that version."""

    async def get(self, resource: Resource, namespace: str | None, name: str) -> JSON | None:
        """An object, or None."""

    async def list(self, resource: Resource, namespace: str | None, labels: LabelSelector) -> list[JSON]:
        """The objects that a selector finds."""


class _Misconfigured(Exception):
    """A binding that cannot be followed."""


async def judge(
    policies: Sequence[Applied], asked: Attributes, namespace: JSON | None, world: World, registry: Registry
) -> list[str]:
    """What the client is to be warned of. Raises what refuses the write."""
    warnings: list[str] = []
    refusal: errors.ApiError | None = None
    for each in policies:
        if not each.wants(asked, namespace):
            continue
        breaches, configured = await _breaches(each, asked, namespace, world, registry)
        for breach in breaches:
            by = f"ValidatingAdmissionPolicy '{each.policy.name}' with binding '{each.binding.name}'"
            if "Deny" in each.binding.actions or not configured:
                refusal = refusal or _refusal(asked, f"{by} denied request: {breach.message}", breach.reason)
            if "Warn" in each.binding.actions:
                warnings.append(f"Validation failed for {by}: {breach.message}")
            if "Audit" in each.binding.actions:
                place = {"resource": asked.resource.name, "namespace": asked.namespace, "name": asked.name}
                log.info("an admission policy does not hold", by=by, message=breach.message, **place)
    if refusal is not None:
        raise refusal
    return warnings


async def _breaches(
    each: Applied, asked: Attributes, namespace: JSON | None, world: World, registry: Registry
) -> tuple[list[Breach], bool]:
    """What does not hold, and whether the binding could be followed."""
    try:
        params = await _params(each, asked, world, registry)
    except _Misconfigured as problem:
        return each.policy.failed(f"failed to configure binding: {problem}"), False
    obj, old = await _shown(asked.obj, asked, each, world), await _shown(asked.old, asked, each, world)
    data = {**review.values(asked, each.seen_as, obj, old), "namespaceObject": namespace}
    return [breach for param in params for breach in each.policy.judge({**data, "params": param})], True


async def _shown(obj: JSON | None, asked: Attributes, each: Applied, world: World) -> JSON | None:
    if obj is None or each.seen_as is asked.resource or asked.subresource == "scale":
        return obj
    return await world.convert(obj, each.seen_as)


async def _params(each: Applied, asked: Attributes, world: World, registry: Registry) -> Sequence[JSON | None]:
    """The parameter objects; one None where there are none to look for. Raises `_Misconfigured`."""
    kind, ref = each.policy.params, each.binding.params
    if kind is None or ref is None:
        return [None]
    resource = registry.by_kind(*kind)
    if resource is None or not resource.stored:
        raise _Misconfigured(f"failed to find resource referenced by paramKind: '{kind[0]}, Kind={kind[1]}'")
    namespace = ref.get("namespace") or ""
    if resource.namespaced:
        namespace = namespace or asked.namespace
        if not namespace:
            raise _Misconfigured(
                "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            )
    elif namespace:
        raise _Misconfigured("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    found: list[JSON] = []
    if ref.get("name"):
        one = await world.get(resource, namespace or None, ref["name"])
        found = [] if one is None else [one]
    else:
        found = await world.list(resource, namespace or None, load_labels(ref.get("selector") or {}))
    if not found and ref.get("parameterNotFoundAction") != "Allow":
        raise _Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction")
    return found


def _refusal(asked: Attributes, message: str, reason: str) -> errors.ApiError:
    resource = asked.resource
    details: JSON = {"name": asked.name, "group": resource.group, "kind": resource.plural}
    shown = {key: value for key, value in details.items() if value}
    whole = f'{resource.name} "{asked.name}" is forbidden: {message}'
    return _REFUSALS[reason](whole, details={**shown, "causes": [{"message": message}]})
