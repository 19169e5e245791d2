"""Asking: mutating webhooks one after the other, then policies, then validating webhooks all at once.

    object ──hook A──▶ patched ──hook B──▶ patched ──▶ (A again, if B changed it and A wants that) ──▶ checked by its
    schema ──▶ policies ──▶ validating hooks, at the same time ──▶ written

What a webhook sees is in the version that its rules name; what it changes is brought back to the request's.
A webhook that does not answer refuses the write or is passed over, as its failurePolicy says; one that says no refuses.

Source: "Dynamic Admission Control" of the Kubernetes documentation; the dispatchers of its API server, whose words are
used here.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import structlog

from fizz.apiserver import errors
from fizz.apiserver.admission import review
from fizz.apiserver.admission.attributes import Attributes
from fizz.apiserver.admission.calls import Caller, CallFailed
from fizz.apiserver.admission.hooks import Candidate
from fizz.apiserver.admission.judging import World, judge
from fizz.apiserver.admission.policies import Applied
from fizz.apiserver.admission.review import Answer, BadAnswer
from fizz.apiserver.admission.services import Services, endpoint
from fizz.apiserver.kinds import patches
from fizz.apiserver.kinds.registry import Registry
from fizz.schemas.base import JSON

__all__ = ["Chain"]

log = structlog.get_logger()


@dataclass(slots=True)
class Chain:
    """Those who are asked about one write. `warnings` collects what they want the client to be told."""

    candidates: Sequence[Candidate]
    policies: Sequence[Applied]
    caller: Caller
    services: Services
    registry: Registry
    world: World
    namespace: JSON | None = None
    warnings: list[str] = field(default_factory=list)

    async def mutate(self, asked: Attributes) -> JSON | None:
        """The object as webhooks change it, the same one if none does.

        Raises what refuses the write: `Denied`, `Forbidden`, `InternalError`.
        """
        hooks = [each for each in self.candidates if each.hook.mutating]
        again: set[Candidate] = set()
        seen: list[Candidate] = []
        for each in hooks:
            changed = await self._mutated(each, asked)
            if changed is None:
                continue
            if changed is not asked.obj:
                again.update(before for before in seen if before.hook.again)
                asked = replace(asked, obj=changed)
            seen.append(each)
        for each in [each for each in hooks if each in again]:
            changed = await self._mutated(each, asked)
            asked = asked if changed is None else replace(asked, obj=changed)
        return asked.obj

    async def validate(self, asked: Attributes) -> None:
        """Raises what refuses the write: a policy, or else the first webhook in order."""
        if self.policies:
            self.warnings += await judge(self.policies, asked, self.namespace, self.world, self.registry)
        hooks = [each for each in self.candidates if not each.hook.mutating]
        if not hooks:
            return
        results = await asyncio.gather(*(self._validated(each, asked) for each in hooks), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _validated(self, each: Candidate, asked: Attributes) -> None:
        if each.wants(asked, self.namespace):
            await self._asked(each, asked)

    async def _mutated(self, each: Candidate, asked: Attributes) -> JSON | None:
        """The object after the webhook, the very same if it changes nothing; None if it is not asked."""
        if not each.wants(asked, self.namespace):
            return None
        shown = await self._shown(asked.obj, asked, each)
        answer = await self._asked(each, asked, shown)
        if not answer or not answer.patch:
            return asked.obj
        if shown is None:
            raise errors.InternalError(
                f'Internal error occurred: admission webhook "{each.hook.name}" attempted to modify the object, which '
                "is not supported for this operation"
            )
        changed = _patched(shown, answer, each)
        if changed == shown:
            return asked.obj
        return changed if asked.subresource == "scale" else await self.world.convert(changed, asked.resource)

    async def _asked(self, each: Candidate, asked: Attributes, shown: JSON | None = None) -> Answer | None:
        """The webhook's answer; None if there is none and that may be. Raises `Denied` or `InternalError`."""
        hook, uid = each.hook, str(uuid.uuid4())
        shown = shown or await self._shown(asked.obj, asked, each)
        body = review.question(asked, each.seen_as, uid, shown, await self._shown(asked.old, asked, each))
        try:
            where = await endpoint(self.services, hook.client, turn=next(_TURNS))
            answer = review.read(await self.caller.post(where, body, hook.seconds), uid, mutating=hook.mutating)
        except (CallFailed, BadAnswer) as problem:
            _missing(each, asked, problem)
            return None
        self.warnings += answer.warnings
        if answer.annotations:
            told = {f"{hook.name}/{key}": value for key, value in answer.annotations.items()}
            log.info("audit annotations of a webhook", **_place(each, asked), annotations=told)
        if not answer.allowed:
            raise review.denial(hook.name, answer.status)
        return answer

    async def _shown(self, obj: JSON | None, asked: Attributes, each: Candidate) -> JSON | None:
        """The object as the webhook sees it."""
        if obj is None or each.seen_as is asked.resource or asked.subresource == "scale":
            return obj
        return await self.world.convert(obj, each.seen_as)


_TURNS = count()
"""So that the containers of a service take turns."""


def _missing(each: Candidate, asked: Attributes, problem: Exception) -> None:
    """What follows when no answer came. Raises `InternalError` if the write must not go on."""
    hook = each.hook
    received = "received invalid webhook response: " if isinstance(problem, BadAnswer) else ""
    said = f'failed calling webhook "{hook.name}": failed to call webhook: {received}{problem}'
    log.warning("webhook failed", **_place(each, asked), error=said, goes_on=not hook.fails)
    if hook.fails:
        causes = [{"message": said}]
        raise errors.InternalError(f"Internal error occurred: {said}", details={"causes": causes}) from problem


def _patched(shown: JSON, answer: Answer, each: Candidate) -> JSON:
    try:
        changed = patches.json_patch(shown, answer.patch)
    except patches.PatchError as problem:
        raise errors.InternalError(
            f'Internal error occurred: the patch of admission webhook "{each.hook.name}" cannot be applied: {problem}'
        ) from problem
    if not isinstance(changed, dict) or not isinstance(changed.get("metadata", {}), dict):
        raise errors.InternalError(
            f'Internal error occurred: the patch of admission webhook "{each.hook.name}" leaves no object'
        )
    kind = {name: changed.get(name, shown[name]) for name in ("apiVersion", "kind")}
    if any(value != shown[name] for name, value in kind.items()):
        raise errors.InternalError(
            f'Internal error occurred: the patch of admission webhook "{each.hook.name}" makes another kind of it'
        )
    return {**changed, **kind, "metadata": changed.get("metadata", {})}


def _place(each: Candidate, asked: Attributes) -> JSON:
    place = {"webhook": each.hook.name, "configuration": each.hook.configuration, "operation": asked.operation}
    return {**place, "resource": asked.resource.name, "namespace": asked.namespace, "name": asked.name}
