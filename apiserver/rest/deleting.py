"""Deleting: at once, or by a mark that finalizers answer to.

An object without finalizers goes at once. One with finalizers gets a deletionTimestamp; its controllers act, take their
finalizers away, and the last one's going removes the object (see `writing`). Propagation is said by finalizers too:
Foreground adds `foregroundDeletion`, Orphan adds `orphan`; the garbage collector answers to both. A Namespace also
waits for its spec.finalizers. `gracePeriodSeconds` is kept with the mark, for who stops what runs.

Source: "Finalizers", "Garbage Collection" and the DeleteOptions of the Kubernetes API reference.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fizz.apiserver import errors
from fizz.apiserver.admission import namespaces
from fizz.apiserver.auth.users import SERVER, User
from fizz.apiserver.kinds.custom.names import CLEANUP, with_condition
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import show
from fizz.apiserver.rest import reading
from fizz.apiserver.rest.admitting import admit_deletion
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft, View, write
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.rest.query import ListOptions, flag
from fizz.schemas import times
from fizz.schemas.base import JSON

__all__ = ["DeleteOptions", "Deleted", "delete", "delete_collection", "delete_if_there", "parse_options", "plan_delete"]

_FINALIZERS: Final = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
_POLICIES: Final = ("Background", "Foreground", "Orphan")
_PENDING: Final = (
    "CustomResourceDefinition marked for deletion; CustomResource deletion will be initiated as soon as possible"
)
_FIELDS: Final = {"preconditions": dict, "dryRun": list, "propagationPolicy": str, "orphanDependents": bool}
_GRACE: Final = "gracePeriodSeconds"


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete, and only if the object is the one that is meant."""

    policy: str = "Background"
    grace: int | None = None
    """Seconds granted for a graceful end; None leaves it to the object."""
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False
    user: User = SERVER
    """Who asks for it; webhooks are not asked about what the server itself deletes."""

    def dump(self) -> JSON:
        """The fields of the wire form."""
        said: JSON = {"propagationPolicy": self.policy}
        if self.grace is not None:
            said["gracePeriodSeconds"] = self.grace
        if conditions := {
            name: value for name, value in (("uid", self.uid), ("resourceVersion", self.resource_version)) if value
        }:
            said["preconditions"] = conditions
        return {**said, "dryRun": ["All"]} if self.dry_run else said


@dataclass(frozen=True, slots=True)
class Deleted:
    """The answer to a deletion."""

    item: JSON
    warnings: tuple[str, ...] = ()


def parse_options(body: JSON, query: Mapping[str, str]) -> DeleteOptions:
    """Options from the body, with those of the query where it says nothing. Raises `Invalid` or `BadRequest`."""
    if body.get("kind") not in (None, "DeleteOptions"):
        raise errors.BadRequest(f"the body of a DELETE is DeleteOptions, not {show(body['kind'])}")
    for field, kind in _FIELDS.items():
        if body.get(field) is not None and not isinstance(body[field], kind):
            raise errors.BadRequest(f"DeleteOptions: {field} is of the wrong type: {show(body[field])}")
    policy = body.get("propagationPolicy") or query.get("propagationPolicy")
    orphans = flag(query, "orphanDependents") if "orphanDependents" in query else body.get("orphanDependents")
    if policy is not None and orphans is not None:
        message = f"Invalid value: {show(policy)}: orphanDependents and deletionPropagation cannot be both set"
        causes = [errors.cause("FieldValueInvalid", message, "propagationPolicy")]
        raise errors.Invalid.of("DeleteOptions", "meta.k8s.io", "", causes)
    if policy is None:
        policy = "Orphan" if orphans else "Background"
    if policy not in _POLICIES:
        message = f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
        causes = [errors.cause("FieldValueNotSupported", message, "propagationPolicy")]
        raise errors.Invalid.of("DeleteOptions", "meta.k8s.io", "", causes)
    dry_run = query.get("dryRun") or (body.get("dryRun") or [""])[0]
    if dry_run not in ("", "All"):
        message = f'Unsupported value: "{dry_run}": supported values: "All"'
        causes = [errors.cause("FieldValueNotSupported", message, "dryRun")]
        raise errors.Invalid.of("DeleteOptions", "meta.k8s.io", "", causes)
    conditions = body.get("preconditions") or {}
    return DeleteOptions(
        policy, _grace(body, query), conditions.get("uid"), conditions.get("resourceVersion"), bool(dry_run)
    )


def _grace(body: JSON, query: Mapping[str, str]) -> int | None:
    written = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    if written is None:
        return None
    if isinstance(written, bool) or not re.fullmatch(r"-?\d{1,9}", str(written)):
        raise errors.BadRequest(f"DeleteOptions: {_GRACE} is {written!r}; it must be a whole number of seconds")
    return int(written) if int(written) >= 0 else 1  # as Kubernetes reads what makes no sense


async def delete(context: Context, resource: Resource, target: Target, options: DeleteOptions) -> Deleted:
    """Delete one object: the `Status` of success if it is gone, the object if it waits for finalizers."""
    if target.subresource or target.name is None:
        raise errors.MethodNotAllowed("the server does not allow this method on the requested resource")
    name = target.name

    async def plan(view: View) -> list[Draft]:
        live = await view.live(resource, target.namespace, name)
        if live is None:
            raise errors.NotFound.of(resource.name, name)
        return [await plan_delete(context, view, resource, live, options)]

    (draft,), _ = await write(context, plan, dry_run=options.dry_run)
    return Deleted(_success(draft) if draft.removed else draft.item, draft.warnings)


async def plan_delete(context: Context, view: View, resource: Resource, live: JSON, options: DeleteOptions) -> Draft:
    """What a deletion makes of an object. Raises `Conflict` where a precondition does not hold, `Forbidden`
    for what must stay, and what webhooks say.
    """
    draft = _deletion(context, resource, live, options)
    if options.user is SERVER:
        return draft
    return await admit_deletion(context, view, draft, live, options.user, options.dump(), dry_run=options.dry_run)


def _deletion(context: Context, resource: Resource, live: JSON, options: DeleteOptions) -> Draft:
    metadata = live["metadata"]
    name = metadata["name"]
    if options.uid and options.uid != metadata["uid"]:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated"
        )
        raise errors.Conflict.of(resource.name, name, why)
    if options.resource_version and options.resource_version != metadata["resourceVersion"]:
        why = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion "
            f"in record ({metadata['resourceVersion']}). The object might have been modified"
        )
        raise errors.Conflict.of(resource.name, name, why)
    if (resource.group, resource.plural) == ("", "namespaces"):
        namespaces.check_deletable(name)
    finalizers = list(metadata.get("finalizers") or [])
    if _is_definition(resource) and "deletionTimestamp" not in metadata:
        if CLEANUP not in finalizers:
            finalizers.append(CLEANUP)
        live = with_condition(live, "Terminating", "True", "InstanceDeletionPending", _PENDING, context.clock())
    wanted = _FINALIZERS.get(options.policy)
    if wanted and wanted not in finalizers:
        finalizers.append(wanted)
    if not finalizers and (live.get("spec") or {}).get("finalizers") != ["kubernetes"]:
        return Draft.removal(resource, live, live)
    return _marked(context, resource, live, finalizers, options.grace)


def _marked(context: Context, resource: Resource, live: JSON, finalizers: list[str], grace: int | None) -> Draft:
    metadata = {**live["metadata"]}
    if finalizers:
        metadata["finalizers"] = finalizers
    if "deletionTimestamp" not in metadata:
        metadata["deletionTimestamp"] = times.format_seconds(context.clock())
        metadata["generation"] = metadata.get("generation", 1) + 1
    if resource.group != "fizz.dev":  # only what runs can be stopped gracefully
        metadata["deletionGracePeriodSeconds"] = 0
    elif grace is not None:  # a later wish may shorten the time, never lengthen it
        metadata["deletionGracePeriodSeconds"] = min(grace, metadata.get("deletionGracePeriodSeconds", grace))
    item = {**live, "metadata": metadata}
    if (resource.group, resource.plural) == ("", "namespaces"):
        item["status"] = {**(live.get("status") or {}), "phase": "Terminating"}
    return Draft.unchanged(resource, live) if item == live else Draft.update(resource, live, item)


def _is_definition(resource: Resource) -> bool:
    return (resource.group, resource.plural) == ("apiextensions.k8s.io", "customresourcedefinitions")


def _success(draft: Draft) -> JSON:
    metadata = draft.item["metadata"]
    details = {
        "name": metadata["name"],
        "group": draft.resource.group,
        "kind": draft.resource.plural,
        "uid": metadata["uid"],
    }
    shown = {key: value for key, value in details.items() if value}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": shown}


async def delete_collection(
    context: Context, resource: Resource, namespace: str | None, selection: ListOptions, options: DeleteOptions
) -> Deleted:
    """Delete all objects selected, one by one; the list of them as they were. Raises `MethodNotAllowed` where a
    collection cannot be deleted.
    """
    if "deletecollection" not in resource.verbs:
        raise errors.MethodNotAllowed("the server does not allow this method on the requested resource")
    listing = await reading.read_page(context, resource, namespace, selection)
    items = [resource.load(record.value, record.revision) for record in listing.records]
    warnings: list[str] = []
    for item in items:
        warnings += await delete_if_there(context, resource, item, options)
    kind, api_version = resource.list_kind, resource.api_version
    listed = {"kind": kind, "apiVersion": api_version, "metadata": listing.metadata(), "items": items}
    return Deleted(listed, tuple(warnings))


async def delete_if_there(context: Context, resource: Resource, item: JSON, options: DeleteOptions) -> tuple[str, ...]:
    """Delete an object, unless it is gone, or another one of the same name is there; what the client is warned of."""
    metadata = item["metadata"]

    async def plan(view: View) -> list[Draft]:
        live = await view.live(resource, metadata.get("namespace"), metadata["name"])
        if live is None or live["metadata"]["uid"] != metadata["uid"]:
            return []
        return [await plan_delete(context, view, resource, live, options)]

    drafts, _ = await write(context, plan, dry_run=options.dry_run)
    return drafts[0].warnings if drafts else ()
