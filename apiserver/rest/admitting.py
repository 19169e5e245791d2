"""Asking webhooks about a write: what was proposed goes to them, and what they leave of it is settled.

    plan ──▶ Proposal ──mutating webhooks──▶ Proposal, judged again ──settle──▶ Draft ──validating webhooks──▶ Draft

A creation is shown to mutating webhooks as Kubernetes shows it, before the system writes its part: without uid, time
of creation and a generated name. What the server itself writes (its roles, its namespaces) is never asked about, or
one webhook that is away could keep it from starting.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from fizz.apiserver.admission.attributes import Attributes, Operation
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.users import SERVER, User, service_account
from fizz.apiserver.kinds import lifecycle
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.rest import reading, scale, versions
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.drafts import Draft, View
from fizz.apiserver.rest.finishing import Proposal
from fizz.apiserver.rest.query import ListOptions, WriteOptions
from fizz.schemas.base import JSON
from fizz.schemas.selectors import LabelSelector

__all__ = ["admit", "admit_deletion"]

_NOT_YET: Final = ("uid", "creationTimestamp", "generation", "selfLink")


async def admit(
    context: Context, view: View, proposal: Proposal, options: WriteOptions, subresource: str = ""
) -> Draft:
    """The draft of a proposal, as those who are asked leave it. Raises `Invalid`, or what they say."""
    if context.admission.is_idle or options.user is SERVER:
        return proposal.settle()
    operation: Operation = "CREATE" if proposal.live is None else "UPDATE"
    resource = proposal.resource
    chain = await context.admission.chain(operation, resource, subresource, _World(context, view))
    if chain is None:
        return proposal.settle()
    asked = _asked(proposal, operation, options, subresource)
    chain.namespace = await _home(context, view, asked)
    await _authorize(context, options.user)
    shown = asked if proposal.live is not None else replace(asked, **_unnamed(proposal))
    mutated = await chain.mutate(shown)
    assert mutated is not None
    if mutated is not shown.obj:
        if subresource == "scale":
            mutated = scale.write(resource, proposal.obj, mutated)
        proposal = proposal.changed({**mutated, "apiVersion": resource.api_version, "kind": resource.kind})
    draft = proposal.settle()
    item = _as_seen(resource, draft.item, proposal.live, subresource)
    await chain.validate(replace(asked, obj=item, name=draft.item["metadata"]["name"]))
    return replace(draft, warnings=(*draft.warnings, *chain.warnings))


async def admit_deletion(
    context: Context, view: View, draft: Draft, live: JSON, user: User, said: JSON, *, dry_run: bool
) -> Draft:
    """The draft of a deletion, if nobody who is asked says no. `said` are the fields of its DeleteOptions."""
    resource = draft.resource
    if context.admission.is_idle:
        return draft
    chain = await context.admission.chain("DELETE", resource, "", _World(context, view))
    if chain is None or draft.change is None:
        return draft
    metadata = live["metadata"]
    namespace = metadata["name"] if _is_namespace(resource) else metadata.get("namespace") or ""
    asked = Attributes(
        "DELETE", resource, "", namespace, metadata["name"], None, live, user, _options("Delete", said), dry_run
    )
    chain.namespace = await _home(context, view, asked)
    await _authorize(context, user)
    await chain.mutate(asked)
    await chain.validate(asked)
    return replace(draft, warnings=(*draft.warnings, *chain.warnings))


def _asked(proposal: Proposal, operation: Operation, options: WriteOptions, subresource: str) -> Attributes:
    resource, obj, old = proposal.resource, proposal.obj, proposal.live
    metadata: Any = obj.get("metadata") or {}
    name = metadata.get("name") or ""
    namespace = name if _is_namespace(resource) else metadata.get("namespace") or ""
    obj = _as_seen(resource, obj, old, subresource)
    old = None if old is None else _as_seen(resource, old, old, subresource)
    said: JSON = {"fieldManager": options.manager, "fieldValidation": options.validation}
    if options.dry_run:
        said["dryRun"] = ["All"]
    sent = _options("Create" if operation == "CREATE" else "Update", said)
    return Attributes(operation, resource, subresource, namespace, name, obj, old, options.user, sent, options.dry_run)


def _as_seen(resource: Resource, obj: JSON, live: JSON | None, subresource: str) -> JSON:
    """The object of the live one's version, or what its subresource shows of it."""
    if live is not None:
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]}}
    return scale.read(resource, obj) if subresource == "scale" else obj


def _unnamed(proposal: Proposal) -> dict[str, Any]:
    """A new object before the system writes its part, and the name that it has then."""
    obj = proposal.obj
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _NOT_YET}
    if proposal.generated:
        metadata.pop("name", None)
    return {"obj": {**obj, "metadata": metadata}, "name": metadata.get("name", "")}


def _options(kind: str, said: JSON) -> JSON:
    return {"kind": f"{kind}Options", "apiVersion": "meta.k8s.io/v1", **said}


def _is_namespace(resource: Resource) -> bool:
    return (resource.group, resource.plural) == ("", "namespaces")


async def _home(context: Context, view: View, asked: Attributes) -> JSON | None:
    """The Namespace of what is asked about."""
    if not asked.resource.namespaced:
        return None
    namespaces = context.registry.lookup("", "v1", "namespaces")
    assert namespaces is not None
    return await view.live(namespaces, None, asked.namespace)


async def _authorize(context: Context, user: User) -> None:
    """Let expressions ask, from now on in this request, what the user or a ServiceAccount may do."""
    from fizz.apiserver.kinds.cel.functions import AUTHORITY, Question

    decide = await context.access.judge()

    def answer(asked: Question) -> tuple[bool, str]:
        namespace, _, name = asked.get("account", "").partition(":")
        whom = service_account(namespace, name) if "account" in asked else user
        verb, path = asked["verb"], asked.get("path")
        place = {name: asked.get(name, "") for name in ("group", "resource", "subresource", "namespace", "name")}
        decision = decide(whom, Action(verb, path=path) if path is not None else Action(verb, **place))
        return decision.allowed, decision.reason

    AUTHORITY.set(answer)


@dataclass(frozen=True, slots=True)
class _World:
    """What there is besides the object, seen through the drafts of the transaction so far (see `judging.World`)."""

    context: Context
    view: View

    async def convert(self, obj: JSON, resource: Resource) -> JSON:
        return lifecycle.cleaned(resource, await versions.converted(self.context, resource, obj))[0]

    async def get(self, resource: Resource, namespace: str | None, name: str) -> JSON | None:
        return await self.view.live(resource, namespace, name)

    async def list(self, resource: Resource, namespace: str | None, labels: LabelSelector) -> list[JSON]:
        listing = await reading.read_page(self.context, resource, namespace, ListOptions(labels=labels))
        return [resource.load(each.value, each.revision) for each in listing.records]
