"""Transactions: many objects, all or nothing, at one revision.

    {"apiVersion": "fizz.dev/v1", "kind": "Transaction", "operations": [
        {"verb": "apply", "object": {...}, "force": true},
        {"verb": "delete", "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {...}}}]}

The operations are planned in order, each seeing those before it, so that a Namespace can be made together with what
lives in it. Verbs: create, update, apply, delete; deleting what is absent is no error. The first operation that is
refused refuses all: its causes name it as `operations[i]`. An object can be written once in a transaction. None may be
larger than in a request of its own; together they may be.

An apply that says `"alive": true` is refused with a Conflict, cause `ObjectTerminating`, if the object is being
deleted: what goes cannot be told to stay, and who applies may want to wait for its end. A delete may say
`gracePeriodSeconds`.

Each operation is asked of the roles as if it were a request of its own: an apply is a patch, and a creation besides
where there is nothing yet.
"""

from dataclasses import replace
from typing import Any, Final

import orjson

from fizz.apiserver import errors
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.rest import deleting, negotiate, writing
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft, View, write
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.rest.query import WriteOptions
from fizz.schemas.base import JSON

__all__ = ["BODY_LIMIT", "OPERATION_LIMIT", "run"]

OPERATION_LIMIT: Final = 1000
"""Operations at most: as many events as a watch delivers in one piece."""
BODY_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of a transaction's body at most."""
_VERBS: Final = {"create": "create", "update": "update", "apply": "patch", "delete": "delete"}
"""The verbs of operations, and what roles call them."""


async def run(context: Context, body: JSON, options: WriteOptions) -> JSON:
    """Do a transaction; the answer has a result for each operation, in order. Raises what the first one that fails
    raises.
    """
    operations = _operations(body)
    places: list[int | None] = []  # of each operation's draft; None where there was nothing to delete

    async def plan(view: View) -> list[Draft]:
        drafts: list[Draft] = []
        places.clear()
        for index, operation in enumerate(operations):
            try:
                draft = await _plan_one(context, view, operation, options)
                if draft is not None:
                    view.add(draft)
            except errors.ApiError as problem:
                raise _at(problem, index) from problem
            places.append(None if draft is None else len(drafts))
            drafts += [draft] if draft is not None else []
        return drafts

    drafts, revision = await write(context, plan, dry_run=options.dry_run)
    return {
        "kind": "Transaction",
        "apiVersion": "fizz.dev/v1",
        "metadata": {"resourceVersion": str(revision)},
        "results": [
            _result(operation, None if place is None else drafts[place])
            for operation, place in zip(operations, places, strict=True)
        ],
    }


def _operations(body: JSON) -> list[JSON]:
    if (body.get("apiVersion"), body.get("kind")) != ("fizz.dev/v1", "Transaction"):
        raise errors.BadRequest("the body must be a Transaction of fizz.dev/v1")
    operations = body.get("operations")
    if not isinstance(operations, list) or not operations:
        raise errors.BadRequest("operations: must be a list of at least one operation")
    if len(operations) > OPERATION_LIMIT:
        raise errors.BadRequest(f"operations: must have at most {OPERATION_LIMIT} items")
    for index, operation in enumerate(operations):
        if not isinstance(operation, dict) or not isinstance(operation.get("object"), dict):
            raise errors.BadRequest(f"operations[{index}]: must have a verb and an object")
        if _size(operation["object"]) > negotiate.BODY_LIMIT:
            raise errors.RequestEntityTooLarge(
                f"operations[{index}]: the object is too large: the limit is {negotiate.BODY_LIMIT} bytes"
            )
        if operation.get("verb") not in tuple(_VERBS):
            raise errors.BadRequest(f"operations[{index}].verb: must be one of {', '.join(_VERBS)}")
    return operations


def _size(item: JSON) -> int:
    """Bytes of the object as JSON; 0 for what cannot be written as JSON, which is refused for that later."""
    try:
        return len(orjson.dumps(item))
    except TypeError:
        return 0


def _address(context: Context, item: JSON) -> tuple[Resource, Target]:
    """The resource of an object and its place, from the object alone. Raises `BadRequest`."""
    api_version, kind = item.get("apiVersion"), item.get("kind")
    resource = context.registry.by_kind(str(api_version), str(kind))
    if resource is None or not resource.stored:
        raise errors.BadRequest(f'no matches for kind "{kind}" in version "{api_version}"')
    metadata: Any = item.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise errors.BadRequest("metadata: must be an object")
    namespace = (metadata.get("namespace") or "default") if resource.namespaced else None
    if namespace is not None and not isinstance(namespace, str):
        raise errors.BadRequest("metadata.namespace: must be a text")
    return resource, Target(resource.group, resource.version, resource.plural, namespace, metadata.get("name"))


async def _plan_one(context: Context, view: View, operation: JSON, options: WriteOptions) -> Draft | None:
    item = operation["object"]
    resource, target = _address(context, item)
    verb = operation["verb"]
    await context.access.require(options.user, _action(resource, target, _VERBS[verb]))
    if verb == "create":
        return await writing.plan_create(context, view, resource, target.namespace, item, options)
    if not isinstance(target.name, str) or not target.name:
        raise errors.BadRequest("metadata.name: is required")
    match verb:
        case "update":
            return await writing.plan_update(context, view, resource, target, item, options)
        case "apply":
            force = operation.get("force") is True or options.force
            if operation.get("alive") is True:
                _check_alive(resource, await view.live(resource, target.namespace, target.name))
            return await writing.plan_apply(context, view, resource, target, item, options, force=force)
    live = await view.live(resource, target.namespace, target.name)
    if live is None:
        return None
    metadata = item.get("metadata") or {}
    said: JSON = {key: operation[key] for key in ("propagationPolicy", "gracePeriodSeconds") if key in operation}
    preconditions = {key: metadata[key] for key in ("uid", "resourceVersion") if metadata.get(key)}
    wanted = deleting.parse_options({**said, "preconditions": preconditions}, {})
    wanted = replace(wanted, user=options.user, dry_run=options.dry_run)
    return await deleting.plan_delete(context, view, resource, live, wanted)


def _action(resource: Resource, target: Target, verb: str) -> Action:
    namespace, name = target.namespace or "", target.name if isinstance(target.name, str) else ""
    if (resource.group, resource.plural) == ("", "namespaces"):
        namespace = name  # as in a request of its own
    if verb == "create":
        name = ""  # no URL names what is yet to be made
    return Action(verb, resource.group, resource.version, resource.plural, "", namespace, name)


def _check_alive(resource: Resource, live: JSON | None) -> None:
    if live is not None and "deletionTimestamp" in live["metadata"]:
        name = live["metadata"]["name"]
        problem = errors.Conflict.of(resource.name, name, "the object is being deleted")
        problem.details["causes"] = [errors.cause("ObjectTerminating", f"{name} is being deleted", "")]
        raise problem


def _result(operation: JSON, draft: Draft | None) -> JSON:
    if draft is None:
        return {"verb": "unchanged", "object": operation["object"]}
    result: JSON = {"verb": _verb(operation["verb"], draft), "object": draft.item}
    if draft.warnings:
        result["warnings"] = list(draft.warnings)
    return result


def _verb(asked: str, draft: Draft) -> str:
    if draft.change is None:
        return "unchanged"
    if asked == "delete":
        return "deleted"
    return "created" if draft.created else "configured"


def _at(problem: errors.ApiError, index: int) -> errors.ApiError:
    """The same refusal, saying which operation it is of."""
    place = f"operations[{index}]"
    causes = problem.details.get("causes") or [{"reason": problem.reason, "message": problem.message}]
    placed = [{**each, "field": f"{place}.object.{each['field']}" if each.get("field") else place} for each in causes]
    told = type(problem).__new__(type(problem))
    told.__dict__.update(problem.__dict__)  # a refusal may have more to it than its class says
    told.message, told.details = f"{place}: {problem.message}", {**problem.details, "causes": placed}
    return told
