"""Writing: create, update, patch and apply, planned by pure rules and committed on the condition of what was read.

The order for every object: its schema cleans it (nulls dropped, defaults set, unknown fields pruned and told), metadata
is completed, the fields get their managers, webhooks may change it, schema and the kind's own rules judge it, webhooks
may refuse it. What is refused is refused with all causes. A write that changes nothing is answered with the object as
it stands: no revision, no event. An object that was marked for deletion goes with its last finalizer.
"""

from dataclasses import dataclass
from typing import Any, Final

from fizz.apiserver import errors
from fizz.apiserver.admission import authors, namespaces, parameters
from fizz.apiserver.auth import escalation
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.users import SERVER
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import show
from fizz.apiserver.rest import finishing, patching, scale
from fizz.apiserver.rest.admitting import admit
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft, View, write
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.rest.query import WriteOptions
from fizz.schemas.base import JSON

__all__ = [
    "Written",
    "create",
    "ensure_namespace",
    "patch",
    "plan_apply",
    "plan_create",
    "plan_update",
    "read_scale",
    "update",
]


_GENERATED_NAMES: Final = 8
"""Names that are tried for one object with generateName before its creation is refused."""


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a write."""

    item: JSON
    created: bool
    warnings: tuple[str, ...] = ()


async def create(context: Context, resource: Resource, target: Target, body: JSON, options: WriteOptions) -> Written:
    """Make a new object. Raises `AlreadyExists`, `Invalid`, `NotFound` (no namespace) or `Forbidden`."""

    async def plan(view: View) -> list[Draft]:
        return [await plan_create(context, view, resource, target.namespace, body, options)]

    return await _written(context, plan, options)


async def update(context: Context, resource: Resource, target: Target, body: JSON, options: WriteOptions) -> Written:
    """Replace an object, or what one of its subresources shows of it."""

    async def plan(view: View) -> list[Draft]:
        return [await plan_update(context, view, resource, target, body, options)]

    written = await _written(context, plan, options)
    return _as_scale(resource, written) if target.subresource == "scale" else written


async def patch(
    context: Context, resource: Resource, target: Target, wanted: patching.Patch, options: WriteOptions
) -> Written:
    """Change an object by what the patch says; the server tries again when somebody else was faster."""

    async def plan(view: View) -> list[Draft]:
        if wanted.applied is not None:
            return [await plan_apply(context, view, resource, target, wanted.applied, options, force=options.force)]
        return [await _plan_patch(context, view, resource, target, wanted, options)]

    written = await _written(context, plan, options)
    return _as_scale(resource, written) if target.subresource == "scale" else written


async def read_scale(context: Context, resource: Resource, target: Target) -> JSON:
    """The Scale of an object."""
    live = await _live(View(context), resource, target)
    return scale.read(resource, live)


async def ensure_namespace(context: Context, name: str) -> None:
    """Make a namespace unless it is there."""
    resource = _namespaces(context)
    body: JSON = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    options = WriteOptions(manager="fizz-apiserver", user=SERVER)
    try:
        await create(context, resource, Target("", "v1", "namespaces"), body, options)
    except errors.AlreadyExists:
        return


async def plan_create(
    context: Context,
    view: View,
    resource: Resource,
    namespace: str | None,
    body: JSON,
    options: WriteOptions,
    *,
    applied: bool = False,
) -> Draft:
    """What a creation makes. Raises all that `create` does."""
    if resource.terminating:
        raise errors.MethodNotAllowed("create not allowed while custom resource definition is terminating")
    _check_type(resource, body)
    given = _metadata(body)
    _check_namespace(resource, given, namespace)
    if given.get("resourceVersion"):
        raise errors.BadRequest("resourceVersion should not be set on objects to be created")
    name = given.get("name") or given.get("generateName") or ""
    if namespace is not None and resource.namespaced:
        home = await view.live(_namespaces(context), None, namespace)
        namespaces.check_open(home, namespace, resource.name, name)
    body = authors.signed(body, resource.group, resource.kind, options.user.name)
    for _ in range(1 if given.get("name") else _GENERATED_NAMES):
        proposal = finishing.create(context, resource, namespace, body, options, applied=applied)
        draft = await admit(context, view, proposal, options)
        made = draft.item["metadata"]["name"]
        if await view.live(resource, namespace, made) is None:
            break
    else:
        raise errors.AlreadyExists.of(resource.name, made)
    return await _permitted(context, view, resource, None, draft, options)


async def plan_update(
    context: Context, view: View, resource: Resource, target: Target, body: JSON, options: WriteOptions
) -> Draft:
    """What a replacement makes. Raises `NotFound`, `Conflict` for a stale version, `Invalid`."""
    if resource.put_creates and not target.subresource and await _is_absent(view, resource, target):
        return await _put_new(context, view, resource, target, body, options)
    live = await _live(view, resource, target)
    if target.subresource == "scale":
        _check_version(resource, live, _metadata(body))
        scaled = scale.write(resource, live, body)
        return await admit(
            context, view, finishing.update(context, resource, live, scaled, "scale", options), options, "scale"
        )
    _check_subresource(resource, target.subresource)
    _check_type(resource, body)
    given = _metadata(body)
    _check_namespace(resource, given, target.namespace)
    _check_name(given, target)
    if not resource.builtin and not given.get("resourceVersion"):
        message = "Invalid value: 0x0: must be specified for an update"
        causes = [errors.cause("FieldValueInvalid", message, "metadata.resourceVersion")]
        raise errors.Invalid.of(resource.kind, resource.group, str(target.name), causes)
    if given.get("uid") and given["uid"] != live["metadata"]["uid"]:
        why = f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {live['metadata']['uid']}"
        raise errors.Conflict.of(resource.name, str(target.name), why)
    proposal = finishing.update(context, resource, live, body, target.subresource, options)
    draft = await admit(context, view, proposal, options, target.subresource)
    if draft.change is not None:  # a stale write that changes nothing is no conflict
        _check_version(resource, live, given)
    return await _permitted(context, view, resource, live, draft, options)


async def plan_apply(
    context: Context,
    view: View,
    resource: Resource,
    target: Target,
    applied: JSON,
    options: WriteOptions,
    *,
    force: bool,
) -> Draft:
    """What server-side apply makes: a new object, or the live one with the fields that its manager applies."""
    assert target.name is not None
    given = _metadata(applied)
    if given.get("managedFields"):
        raise errors.BadRequest("metadata.managedFields must be nil")
    _check_name({"name": target.name, **given}, target)
    if target.subresource == "scale":
        applied = scale.applied(resource, await _live(view, resource, target), applied)
    elif target.subresource:
        _check_subresource(resource, target.subresource)
    _check_type(resource, applied)
    _check_namespace(resource, given, target.namespace)
    live = await view.live(resource, target.namespace, target.name)
    if live is None and target.subresource:
        raise errors.NotFound.of(resource.name, target.name)
    if live is None and given.get("uid"):
        raise errors.Conflict.of(resource.name, target.name, "uid mismatch: the object does not exist")
    if live is None:
        await context.access.require(options.user, _creation(resource, target))
        body = {**applied, "metadata": {**given, "name": target.name}}
        return await plan_create(context, view, resource, target.namespace, body, options, applied=True)
    if given.get("resourceVersion"):
        _check_version(resource, live, given)
    proposal = finishing.apply(context, resource, live, applied, target.subresource, options, force=force)
    draft = await admit(context, view, proposal, options, target.subresource)
    return await _permitted(context, view, resource, live, draft, options)


async def _plan_patch(
    context: Context, view: View, resource: Resource, target: Target, wanted: patching.Patch, options: WriteOptions
) -> Draft:
    assert wanted.change is not None
    live = await _live(view, resource, target)
    if target.subresource == "scale":
        shown = scale.read(resource, live)
        changed = wanted.change(shown)
        _check_version(resource, live, _metadata(changed))
        scaled = scale.write(resource, live, changed)
        return await admit(
            context, view, finishing.update(context, resource, live, scaled, "scale", options), options, "scale"
        )
    _check_subresource(resource, target.subresource)
    new = wanted.change(live)
    _check_type(resource, new)
    _check_version(resource, live, _metadata(new))
    proposal = finishing.update(context, resource, live, new, target.subresource, options)
    draft = await admit(context, view, proposal, options, target.subresource)
    return await _permitted(context, view, resource, live, draft, options)


async def _permitted(
    context: Context, view: View, resource: Resource, live: JSON | None, draft: Draft, options: WriteOptions
) -> Draft:
    """The draft, if the user may grant what it grants, and read what it names. Raises `Forbidden`."""

    async def policy(name: str) -> JSON | None:
        found = context.registry.lookup(resource.group, resource.version, "validatingadmissionpolicies")
        return None if found is None else await view.live(found, None, name)

    user = options.user
    if draft.change is not None and not draft.removed and not user.is_master:
        await escalation.check(context.access, user, resource, live, draft.item)
        await parameters.check(context.access, context.registry, user, resource, live, draft.item, policy)
    return draft


async def _is_absent(view: View, resource: Resource, target: Target) -> bool:
    assert target.name is not None
    return await view.live(resource, target.namespace, target.name) is None


async def _put_new(
    context: Context, view: View, resource: Resource, target: Target, body: JSON, options: WriteOptions
) -> Draft:
    """What a PUT of something makes that is not there yet, of a kind that is made this way, too."""
    _check_name(_metadata(body), target)
    await context.access.require(options.user, _creation(resource, target))
    return await plan_create(context, view, resource, target.namespace, body, options)


def _creation(resource: Resource, target: Target) -> Action:
    """What an apply or a PUT of something that is not there yet is, besides a patch or an update."""
    return Action(
        "create", resource.group, resource.version, resource.plural, "", target.namespace or "", target.name or ""
    )


async def _written(context: Context, plan: Any, options: WriteOptions) -> Written:
    (draft,), _ = await write(context, plan, dry_run=options.dry_run)
    return Written(draft.item, draft.created, draft.warnings)


def _as_scale(resource: Resource, written: Written) -> Written:
    return Written(scale.read(resource, written.item), written.created, written.warnings)


async def _live(view: View, resource: Resource, target: Target) -> JSON:
    assert target.name is not None
    live = await view.live(resource, target.namespace, target.name)
    if live is None:
        raise errors.NotFound.of(resource.name, target.name)
    return live


def _namespaces(context: Context) -> Resource:
    found = context.registry.lookup("", "v1", "namespaces")
    assert found is not None
    return found


def _metadata(body: JSON) -> JSON:
    metadata = body.get("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        raise errors.BadRequest("metadata: must be an object")
    return metadata


def _check_type(resource: Resource, body: JSON) -> None:
    if not resource.builtin:
        for field, said in (("kind", "Kind"), ("apiVersion", "apiVersion")):
            if not body.get(field):
                raise errors.BadRequest(f"Object '{said}' is missing in {show(body)}")
    kind, api_version = body.get("kind") or resource.kind, body.get("apiVersion") or resource.api_version
    if kind != resource.kind:
        raise errors.BadRequest(f"the kind of the object ({kind}) does not match the kind on the URL ({resource.kind})")
    if api_version != resource.api_version:
        raise errors.BadRequest(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )


def _check_name(given: JSON, target: Target) -> None:
    if given.get("name") != target.name:
        named = given.get("name") or ""
        raise errors.BadRequest(f"the name of the object ({named}) does not match the name on the URL ({target.name})")


def _check_namespace(resource: Resource, given: JSON, namespace: str | None) -> None:
    if resource.namespaced and namespace is None:
        raise errors.BadRequest("an empty namespace may not be set during creation")
    if given.get("namespace") and given["namespace"] != (namespace or ""):
        raise errors.BadRequest("the namespace of the provided object does not match the namespace sent on the request")


def _check_subresource(resource: Resource, subresource: str) -> None:
    known = {"": True, "status": resource.status, "finalize": resource.plural == "namespaces" and not resource.group}
    if not known.get(subresource, False):
        raise errors.NotFound.path()


def _check_version(resource: Resource, live: JSON, given: JSON) -> None:
    version = given.get("resourceVersion")
    if version and version != live["metadata"]["resourceVersion"]:
        raise errors.Conflict.stale(resource.name, live["metadata"]["name"])
