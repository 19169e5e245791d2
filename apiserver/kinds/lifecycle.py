"""The order in which schema, metadata and rules meet an object on its way in.

    create   clean -> metadata -> schema -> rules of the kind
    update   clean -> metadata (and what the subresource takes) -> schema -> rules of the kind -> generation

*Clean* drops nulls, sets defaults and cuts unknown fields, which are told. Each step relies on the one before it: rules
see only objects that the schema let through, so what is wrong on one level is told before the next is looked at.
managedFields pass through as they were sent; `managed` keeps them. Nothing that is given here is changed.

An update is not refused for what was wrong before and is the same now: a schema that became stricter must not lock
the objects that are there already (Kubernetes calls this ratcheting).
"""

from dataclasses import dataclass
from datetime import datetime

from fizz.apiserver.kinds import builtin, metadata, ratcheting
from fizz.apiserver.kinds.causes import Cause
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import clone
from fizz.schemas.base import JSON

__all__ = ["Outcome", "cleaned", "create", "update"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The object as it would be stored, what is wrong with it, and the fields that nobody knows and that were cut.

    With causes, the object is not to be used.
    """

    obj: JSON
    causes: list[Cause]
    unknown: list[str]


def create(resource: Resource, obj: JSON, *, namespace: str | None, now: datetime, uid: str, suffix: str) -> Outcome:
    """What becomes of a new object. `uid` and `suffix` (`metadata.SUFFIX_LENGTH` letters of `metadata.NAME_ALPHABET`)
    are random.

    Raises `BadRequest` for what Kubernetes calls unreadable: another namespace than the request's, bad base64.
    """
    new, unknown = cleaned(resource, obj)
    new, causes = metadata.prepare_create(new, resource, namespace=namespace, now=now, uid=uid, suffix=suffix)
    breaches = resource.compiled.validate(new)
    causes = causes + breaches + resource.compiled.judge(new, None, breaches)
    if not causes:
        new, causes = builtin.rules(resource).on_create(new)
    return Outcome(new, causes, unknown)


def update(resource: Resource, old: JSON, new: JSON, *, subresource: str = "") -> Outcome:
    """What becomes of an object that is written again.

    Raises `BadRequest` as `create` does. `metadata.unchanged` tells whether anything is different then, and
    `metadata.may_go` whether the object goes now.
    """
    new, unknown = cleaned(resource, new)
    new, causes = metadata.prepare_update(old, new, resource, subresource)
    breaches = resource.compiled.validate(new)
    if breaches:
        breaches = ratcheting.fresh(breaches, old, new)
    causes = causes + breaches + resource.compiled.judge(new, old, breaches)
    if not causes:
        on_update = builtin.rules(resource).on_update
        new, causes = on_update(old, new)
        if causes:
            causes = _fresh(causes, on_update(old, old).causes)
    if not causes:
        new = metadata.with_generation(old, new, resource)
    return Outcome(new, causes, unknown)


def cleaned(resource: Resource, obj: JSON) -> tuple[JSON, list[str]]:
    """An object of this version without nulls and unknown fields, with defaults; and the paths of what was cut."""
    new: JSON = {"apiVersion": resource.api_version, "kind": resource.kind}
    new |= {name: clone(value) for name, value in obj.items() if name not in new}
    unknown = resource.compiled.clean(new)
    builtin.rules(resource).prune(new, unknown)
    return new, unknown


def _fresh(causes: list[Cause], before: list[Cause]) -> list[Cause]:
    known = set(before)
    return [cause for cause in causes if cause not in known]
