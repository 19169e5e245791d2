"""The last steps of a write: the rules of the kind, the books of who owns what, and the draft that comes of it.

`kinds.lifecycle` says what becomes of the object, `kinds.managed` who owns its fields. What comes of that is a
`Proposal`: admission may still change it, then it is *settled*. What is wrong then is refused with all causes; unknown
and doubled fields are told as warnings, or refused where the request is strict, before anybody is asked.
"""

import re
import secrets
import uuid
from collections.abc import Callable
from typing import Final, NamedTuple

from fizz.apiserver import errors
from fizz.apiserver.kinds import lifecycle, managed, metadata
from fizz.apiserver.kinds.causes import Cause, Reason
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import clone
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft
from fizz.apiserver.rest.query import WriteOptions
from fizz.schemas.base import JSON

__all__ = ["Proposal", "apply", "create", "update"]

_VALIDATED: Final = ("Strict", "Warn")
_TYPES: Final = "string|number|integer|boolean|object|array"
_WRONG_TYPE: Final = re.compile(rf'must be of type (integer,string|{_TYPES}): "(null|{_TYPES})"$')


class Proposal(NamedTuple):
    """What a write would make. `live` is None for a creation. `judge` says what becomes of the object if it is to be
    another one, and `track` keeps its books, which a proposal with `causes` has not yet.
    """

    resource: Resource
    live: JSON | None
    obj: JSON
    causes: list[Cause]
    warnings: list[str]
    judge: Callable[[JSON], lifecycle.Outcome]
    track: Callable[[JSON], JSON]
    generated: bool = False
    """Whether the system chose the name."""

    def changed(self, obj: JSON) -> "Proposal":
        """The proposal after admission made another object of it. Who owns which fields stays as it was: what webhooks
        change belongs to nobody.
        """
        books = self.obj["metadata"].get("managedFields") if not self.causes else obj["metadata"].get("managedFields")
        metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
        outcome = self.judge({**obj, "metadata": {**metadata, "managedFields": books} if books else metadata})
        item = outcome.obj
        if self.causes and not outcome.causes:
            item = self.track(item)
        return self._replace(obj=item, causes=outcome.causes)

    def settle(self) -> Draft:
        """What is written. Raises `Invalid`."""
        if self.causes:
            name = self.obj.get("metadata", {}).get("name", "")
            causes = [each.dump() for each in self.causes]
            raise errors.Invalid.of(self.resource.kind, self.resource.group, name, causes)
        if self.live is None:
            return Draft.creation(self.resource, self.obj, self.warnings)
        return _settle(self.resource, self.live, self.obj, self.warnings)


def create(
    context: Context, resource: Resource, namespace: str | None, body: JSON, options: WriteOptions, *, applied: bool
) -> Proposal:
    """What a creation makes; `applied` says that it was asked for by server-side apply. Raises `BadRequest`."""
    if applied:
        _check_applied(resource, namespace, body)
    given = body.get("metadata") or {}
    suffix = _suffix() if given.get("generateName") else ""
    now, uid = context.clock(), str(uuid.uuid4())

    def judge(obj: JSON) -> lifecycle.Outcome:
        return lifecycle.create(resource, obj, namespace=namespace, now=now, uid=uid, suffix=suffix)

    def track(obj: JSON) -> JSON:
        if applied:
            books = _merge(context, resource, None, body, "", options, force=True)["metadata"].get("managedFields", [])
            return {**obj, "metadata": {**obj["metadata"], "managedFields": books}}
        return managed.track_update(
            None, obj, manager=options.manager, schema=resource.typed, api_version=resource.api_version, now=now
        )

    return _proposed(resource, None, judge(body), judge, track, options, generated=not given.get("name"))


def _suffix() -> str:
    return "".join(secrets.choice(metadata.NAME_ALPHABET) for _ in range(metadata.SUFFIX_LENGTH))


def update(
    context: Context, resource: Resource, live: JSON, body: JSON, subresource: str, options: WriteOptions
) -> Proposal:
    """What a replacement of the live object makes. A write through `scale` brings the whole object, scaled.

    Raises `BadRequest`.
    """
    part = "" if subresource == "scale" else subresource

    def judge(obj: JSON) -> lifecycle.Outcome:
        return lifecycle.update(resource, live, obj, subresource=part)

    def track(obj: JSON) -> JSON:
        return managed.track_update(
            live,
            obj,
            manager=options.manager,
            schema=resource.typed,
            api_version=resource.api_version,
            now=context.clock(),
            subresource=subresource,
        )

    outcome = judge(body)
    sent = (body.get("metadata") or {}).get("managedFields")
    if sent and sent != live["metadata"].get("managedFields") and not managed.is_reset(sent):
        outcome.causes.extend(managed.validate_entries(sent))
    return _proposed(resource, live, outcome, judge, track, options)


def apply(
    context: Context,
    resource: Resource,
    live: JSON,
    applied: JSON,
    subresource: str,
    options: WriteOptions,
    *,
    force: bool,
) -> Proposal:
    """What server-side apply makes of the live object. Raises `Conflict` for fields that others own; `BadRequest`."""
    _check_applied(resource, live["metadata"].get("namespace"), applied)
    _warnings(resource, [], options)  # in strict mode, before any conflict is looked for
    merged = _merge(context, resource, live, applied, subresource, options, force=force)

    def judge(obj: JSON) -> lifecycle.Outcome:
        return lifecycle.update(resource, live, obj, subresource="" if subresource == "scale" else subresource)

    def track(obj: JSON) -> JSON:
        return {**obj, "metadata": {**obj["metadata"], "managedFields": merged["metadata"].get("managedFields", [])}}

    outcome = judge(merged)
    told = lifecycle.Outcome(outcome.obj, outcome.causes, [])
    return _proposed(resource, live, told, judge, track, options)


def _check_applied(resource: Resource, namespace: str | None, applied: JSON) -> None:
    """Fields that the schema does not declare have no owner, and values of a wrong type no place in the merge: both are
    refused, however the request wants unknown fields to be taken. Raises `BadRequest` with all of them.
    """
    wanted = {"metadata": {}, **clone(applied), "apiVersion": resource.api_version, "kind": resource.kind}
    wrong = [f".{path}: field not declared in schema" for path in resource.compiled.prune(wanted)]
    wrong += [f".{each}" for each in resource.compiled.validate(wanted) if _WRONG_TYPE.search(each.message)]
    if wrong:
        name = (applied.get("metadata") or {}).get("name", "")
        place = f"{namespace}/{name}" if namespace else f"/{name}"
        told = wrong[0] if len(wrong) == 1 else "errors:\n  " + "\n  ".join(wrong)
        raise errors.BadRequest(
            f"failed to create typed patch object ({place}; {resource.api_version}, Kind={resource.kind}): {told}"
        )


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
        described = f"{resource.api_version}, Kind={resource.kind}"
        raise errors.BadRequest(f"failed to create typed patch object ({described}): {problem}") from problem


def _proposed(
    resource: Resource,
    live: JSON | None,
    outcome: lifecycle.Outcome,
    judge: Callable[[JSON], lifecycle.Outcome],
    track: Callable[[JSON], JSON],
    options: WriteOptions,
    *,
    generated: bool = False,
) -> Proposal:
    """Raises `BadRequest` in strict mode, and for what Kubernetes could not read; `Invalid` where that is a patch."""
    warnings = _warnings(resource, outcome.unknown, options)
    unreadable = [each for each in outcome.causes if _is_unreadable(resource, each)]
    if unreadable:
        raise _unreadable(resource, f"json: {'; '.join(map(str, unreadable))}", options)
    if outcome.causes:
        return Proposal(resource, live, outcome.obj, outcome.causes, warnings, judge, track, generated)
    warnings += metadata.advice(resource, outcome.obj, live)
    return Proposal(resource, live, track(outcome.obj), [], warnings, judge, track, generated)


def _unreadable(resource: Resource, why: str, options: WriteOptions) -> errors.ApiError:
    """The refusal of a body that cannot be read as the kind, or of a patch that makes such a one."""
    if options.patched:
        return errors.Invalid.of("", "", "", [errors.cause("FieldValueInvalid", f"Invalid value: {why}", "patch")])
    return errors.BadRequest(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'
    )


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
        raise _unreadable(resource, f"strict decoding error: {', '.join(warnings)}", options)
    return warnings


def _settle(resource: Resource, live: JSON, item: JSON, warnings: list[str]) -> Draft:
    """Nothing new, the end of an object that was only held by what was taken away, or a new state."""
    if metadata.unchanged(live, item):
        return Draft.unchanged(resource, live, warnings)
    if metadata.may_go(item):
        return Draft.removal(resource, live, item, warnings)
    return Draft.update(resource, live, item, warnings)
