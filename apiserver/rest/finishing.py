"""The last steps of a write: the rules of the kind, the books of who owns what, and the draft that comes of it.

`kinds.lifecycle` says what becomes of the object, `kinds.managed` who owns its fields; what is wrong is refused here
with all causes, unknown and doubled fields are told as warnings, or refused where the request is strict.
"""

import secrets
import uuid
from typing import Final

from fizz.apiserver import errors
from fizz.apiserver.kinds import lifecycle, managed, metadata
from fizz.apiserver.kinds.causes import Cause, Reason
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import clone
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft
from fizz.apiserver.rest.query import WriteOptions
from fizz.schemas.base import JSON

__all__ = ["apply", "create", "update"]

_VALIDATED: Final = ("Strict", "Warn")


def create(
    context: Context, resource: Resource, namespace: str | None, body: JSON, options: WriteOptions, *, applied: bool
) -> Draft:
    """What a creation makes; `applied` says that it was asked for by server-side apply. Raises `Invalid`."""
    suffix = _suffix() if (body.get("metadata") or {}).get("generateName") else ""
    now, uid = context.clock(), str(uuid.uuid4())
    outcome = lifecycle.create(resource, body, namespace=namespace, now=now, uid=uid, suffix=suffix)
    warnings = _accept(resource, outcome, options)
    if not applied:
        item = managed.track_update(
            None,
            outcome.obj,
            manager=options.manager,
            schema=resource.typed,
            api_version=resource.api_version,
            now=now,
        )
        return Draft.creation(resource, item, warnings)
    books = _merge(context, resource, None, body, "", options, force=True)["metadata"].get("managedFields", [])
    item = {**outcome.obj, "metadata": {**outcome.obj["metadata"], "managedFields": books}}
    return Draft.creation(resource, item, warnings)


def _suffix() -> str:
    return "".join(secrets.choice(metadata.NAME_ALPHABET) for _ in range(metadata.SUFFIX_LENGTH))


def update(
    context: Context, resource: Resource, live: JSON, body: JSON, subresource: str, options: WriteOptions
) -> Draft:
    """What a replacement of the live object makes. A write through `scale` brings the whole object, scaled.

    Raises `Invalid`.
    """
    outcome = lifecycle.update(resource, live, body, subresource="" if subresource == "scale" else subresource)
    sent = (body.get("metadata") or {}).get("managedFields")
    if sent and sent != live["metadata"].get("managedFields") and not managed.is_reset(sent):
        outcome.causes.extend(managed.validate_entries(sent))
    warnings = _accept(resource, outcome, options)
    item = managed.track_update(
        live,
        outcome.obj,
        manager=options.manager,
        schema=resource.typed,
        api_version=resource.api_version,
        now=context.clock(),
        subresource=subresource,
    )
    return _settle(resource, live, item, warnings)


def apply(
    context: Context,
    resource: Resource,
    live: JSON,
    applied: JSON,
    subresource: str,
    options: WriteOptions,
    *,
    force: bool,
) -> Draft:
    """What server-side apply makes of the live object. Raises `Conflict` for fields that others own, or `Invalid`."""
    unknown = resource.compiled.prune(clone(applied))
    _warnings(resource, unknown, options)  # in strict mode, before any conflict is looked for
    merged = _merge(context, resource, live, applied, subresource, options, force=force)
    outcome = lifecycle.update(resource, live, merged, subresource=subresource)
    told = lifecycle.Outcome(outcome.obj, outcome.causes, unknown)
    return _settle(resource, live, outcome.obj, _accept(resource, told, options))


def _merge(
    context: Context,
    resource: Resource,
    live: JSON | None,
    applied: JSON,
    subresource: str,
    options: WriteOptions,
    *,
    force: bool,
) -> JSON:
    wanted = {"metadata": {}, **clone(applied), "apiVersion": resource.api_version, "kind": resource.kind}
    resource.compiled.prune(wanted)
    try:
        return managed.apply(
            live,
            wanted,
            manager=options.manager,
            schema=resource.typed,
            api_version=resource.api_version,
            now=context.clock(),
            force=force,
            subresource=subresource,
        )
    except managed.ApplyConflict as problem:
        name = (live or applied)["metadata"].get("name", "")
        details = {"name": name, "group": resource.group, "kind": resource.plural}
        shown: JSON = {key: value for key, value in details.items() if value}
        raise errors.Conflict(str(problem), details={**shown, "causes": problem.causes}) from problem
    except managed.TypedError as problem:
        raise errors.BadRequest(f"the configuration cannot be applied: {problem}") from problem


def _accept(resource: Resource, outcome: lifecycle.Outcome, options: WriteOptions) -> list[str]:
    """The warnings of an outcome that may be. Raises `BadRequest` in strict mode, and `Invalid`."""
    warnings = _warnings(resource, outcome.unknown, options)
    unreadable = [each for each in outcome.causes if _is_unreadable(resource, each)]
    if unreadable:
        raise errors.BadRequest(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
            f"json: {'; '.join(map(str, unreadable))}"
        )
    if outcome.causes:
        name = outcome.obj.get("metadata", {}).get("name", "")
        raise errors.Invalid.of(resource.kind, resource.group, name, [each.dump() for each in outcome.causes])
    return warnings


def _is_unreadable(resource: Resource, cause: Cause) -> bool:
    """Whether Kubernetes could not even read the object: it keeps its own kinds, and all metadata, in typed structures,
    where a field of the wrong type ends the reading.
    """
    typed = resource.builtin and not resource.group.endswith("fizz.dev")
    return cause.reason is Reason.TYPE_INVALID and (typed or cause.field.startswith("metadata."))


def _warnings(resource: Resource, unknown: list[str], options: WriteOptions) -> list[str]:
    """What there is to say of fields that nobody knows or that came twice. Raises `BadRequest` in strict mode."""
    if options.validation not in _VALIDATED:
        return []
    warnings = [f'unknown field "{path}"' for path in unknown]
    warnings += [f'duplicate field "{path}"' for path in options.duplicates]
    if warnings and options.validation == "Strict":
        raise errors.BadRequest(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
            f"strict decoding error: {', '.join(warnings)}"
        )
    return warnings


def _settle(resource: Resource, live: JSON, item: JSON, warnings: list[str]) -> Draft:
    """Nothing new, the end of an object that was only held by what was taken away, or a new state."""
    if metadata.unchanged(live, item):
        return Draft.unchanged(resource, live, warnings)
    if metadata.may_go(item):
        return Draft.removal(resource, live, item, warnings)
    return Draft.update(resource, live, item, warnings)
