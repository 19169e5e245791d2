"""Metadata on its way in: what the system writes, what stays as it was, and what nobody may change.

The system owns uid, generation, creationTimestamp, deletionTimestamp and deletionGracePeriodSeconds: what a client
sends there is dropped without a word (only another uid is refused, because it means another object). resourceVersion
is nowhere in here: the store's revision says it, and whoever handles the request compares it.

`generation` counts what is wanted: 1 at first, one more for every change outside metadata and status, and one more when
deletion is asked for.

Source: "API Conventions", section "Metadata"; the create and update strategies of the Kubernetes API server.
"""

from datetime import datetime
from typing import Any, Final

from fizz.apiserver import errors
from fizz.apiserver.kinds.causes import IMMUTABLE, Cause, forbidden, invalid
from fizz.apiserver.kinds.metadata_rules import advice, check_content
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.structural import check_metadata_types
from fizz.apiserver.kinds.values import equal, fingerprint, show
from fizz.schemas import times
from fizz.schemas.base import JSON

__all__ = [
    "NAME_ALPHABET",
    "SUFFIX_LENGTH",
    "advice",
    "may_go",
    "prepare_create",
    "prepare_update",
    "unchanged",
    "with_generation",
]

NAME_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names end in: no vowels, so that no words come up, and no digits that look like letters."""
SUFFIX_LENGTH: Final = 5
_LONGEST_PREFIX: Final = 63 - SUFFIX_LENGTH

_SYSTEM: Final = ("uid", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_NEVER_KEPT: Final = frozenset({*_SYSTEM, "resourceVersion", "selfLink"})
_EMPTY_IS_NONE: Final = frozenset(
    {"name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers"}
)


def prepare_create(
    obj: JSON, resource: Resource, *, namespace: str | None, now: datetime, uid: str, suffix: str
) -> tuple[JSON, list[Cause]]:
    """A new object with its metadata completed, and what is wrong with that. The object given stays as it is.

    `suffix` are `SUFFIX_LENGTH` random letters of `NAME_ALPHABET` for a generated name. A status is dropped where it
    is a subresource. Raises `BadRequest` if the object says another namespace than the request.
    """
    given = obj.get("metadata", {})
    if causes := check_metadata_types(given):
        return obj, causes
    metadata = _kept(given)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = f"{metadata['generateName'][:_LONGEST_PREFIX]}{suffix}"
    scope = namespace if resource.namespaced else None
    if scope and metadata.get("namespace", scope) != scope:
        raise errors.BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    system: JSON = {"uid": uid, "generation": 1, "creationTimestamp": times.format_seconds(now)}
    complete = _ordered(metadata, scope, system)
    new = {**obj, "metadata": complete}
    if resource.status:
        new.pop("status", None)
    return new, check_content(complete, resource)


def prepare_update(old: JSON, new: JSON, resource: Resource, subresource: str = "") -> tuple[JSON, list[Cause]]:
    """The object as an update makes it, and what is wrong with it. Neither object given is changed.

    Without a subresource, what is a subresource stays as it was (status). With one, only that is taken: `status`, or
    `finalize` (spec.finalizers of a Namespace); managedFields are taken always. `with_generation` comes after all else.
    """
    given = new.get("metadata", {})
    if causes := check_metadata_types(given):
        return new, causes
    was = old["metadata"]
    metadata = _kept(given)
    causes = _moved(was, given) + _new_finalizers(was, metadata)
    if subresource:
        complete = {name: value for name, value in was.items() if name != "resourceVersion"}
        if "managedFields" in metadata:
            complete["managedFields"] = metadata["managedFields"]
        return {**_with_part(old, new, subresource), "metadata": complete}, causes
    metadata["name"] = was["name"]
    system = {name: was[name] for name in _SYSTEM if name in was}
    complete = _ordered(metadata, was.get("namespace"), system)
    result = {**new, "metadata": complete}
    if resource.status:
        result.pop("status", None)
        if "status" in old:
            result["status"] = old["status"]
    return result, causes + check_content(complete, resource)


def with_generation(old: JSON, new: JSON, resource: Resource) -> JSON:
    """The new object, its generation one higher if it wants anything else than the old one."""
    was = old["metadata"].get("generation", 1)
    generation = was if equal(_wanted(old, resource), _wanted(new, resource)) else was + 1
    if new["metadata"].get("generation") == generation:
        return new
    return {**new, "metadata": {**new["metadata"], "generation": generation}}


def unchanged(old: JSON, new: JSON) -> bool:
    """Whether nothing but resourceVersion and the times in managedFields is different."""
    one, other = old["metadata"], new["metadata"]
    if not equal({**old, "metadata": None}, {**new, "metadata": None}):
        return False
    return equal(_comparable(one), _comparable(other))


def may_go(obj: JSON) -> bool:
    """Whether an object was asked to go and nobody holds it any more: no finalizer, and none in a Namespace's spec."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    is_namespace = obj.get("kind") == "Namespace" and obj.get("apiVersion") == "v1"
    return not (is_namespace and (obj.get("spec") or {}).get("finalizers"))


def _kept(given: JSON) -> JSON:
    """What a client may say, without what is empty and without entries that stand there twice."""
    metadata = {
        name: value
        for name, value in given.items()
        if name not in _NEVER_KEPT and (value or name not in _EMPTY_IS_NONE)
    }
    for name in ("finalizers", "ownerReferences"):
        if len(entries := metadata.get(name, ())) > 1:
            metadata[name] = list({fingerprint(entry): entry for entry in entries}.values())
    return metadata


def _ordered(metadata: JSON, namespace: str | None, system: JSON) -> JSON:
    """Identity first, so that stored objects read well."""
    first: JSON = {name: metadata.pop(name) for name in ("name", "generateName") if name in metadata}
    metadata.pop("namespace", None)
    return {**first, **({"namespace": namespace} if namespace else {}), **system, **metadata}


def _moved(was: JSON, given: JSON) -> list[Cause]:
    """Identity that a client says differently; what it does not say, it leaves."""
    return [
        invalid(f"metadata.{name}", given[name], IMMUTABLE)
        for name in ("name", "namespace", "uid")
        if given.get(name) and given[name] != was.get(name)
    ]


def _new_finalizers(was: JSON, metadata: JSON) -> list[Cause]:
    if "deletionTimestamp" not in was:
        return []
    extra = sorted(set(metadata.get("finalizers") or ()) - set(was.get("finalizers") or ()))
    if not extra:
        return []
    found = "[]string{" + ", ".join(show(name) for name in extra) + "}"
    detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {found}"
    return [forbidden("metadata.finalizers", detail)]


def _with_part(old: JSON, new: JSON, subresource: str) -> JSON:
    """The old object with what a write to the subresource brings."""
    if subresource == "finalize":
        spec = new.get("spec")
        finalizers = spec.get("finalizers") if isinstance(spec, dict) else None
        return {**old, "spec": {**(old.get("spec") or {}), "finalizers": finalizers or []}}
    rest = {name: value for name, value in old.items() if name != "status"}
    return {**rest, "status": new["status"]} if "status" in new else rest


def _wanted(obj: JSON, resource: Resource) -> JSON:
    ignored = ("apiVersion", "kind", "metadata", "status") if resource.status else ("apiVersion", "kind", "metadata")
    return {name: value for name, value in obj.items() if name not in ignored}


def _comparable(metadata: JSON) -> JSON:
    compared = {name: value for name, value in metadata.items() if name != "resourceVersion"}
    if entries := compared.pop("managedFields", None):
        compared["managedFields"] = [_timeless(entry) for entry in entries]
    return compared


def _timeless(entry: Any) -> Any:
    return {name: value for name, value in entry.items() if name != "time"} if isinstance(entry, dict) else entry
