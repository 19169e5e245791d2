"""Waiting for a project to come up or to go, with progress."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from fizz.client.api import Client, EventType
from fizz.client.cli.apply import built_in
from fizz.client.cli.changes import changes
from fizz.client.cli.containers import in_words
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import name_of
from fizz.client.cli.rollout import Rollout
from fizz.client.cli.summaries import condition
from fizz.client.objects import uid_of
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

__all__ = ["DidNotComeUp", "Show", "wait_for_rollout", "wait_until_gone"]

Show = Callable[[Mapping[str, str]], None]
"""Shows how things stand, by name."""

_SETTLE_SECONDS: Final = 1.0
"""How long a failure must stand until it is believed: the controllers may be just about to mend it."""


class DidNotComeUp(Failure):
    """Something does not reach its goal; `reasons` says what and why, in one line and without advice."""

    def __init__(self, message: str, reasons: str) -> None:
        super().__init__(message)
        self.reasons = reasons


async def wait_for_rollout(
    client: Client, namespace: str, selector: str | None, rollout: Rollout, show: Show, timeout: float | None = None
) -> None:
    """Until all Deployments and Jobs of the rollout are where they should be.

    Raises `DidNotComeUp` naming those that never will be, or that are not after `timeout` seconds.
    """
    changed = asyncio.Event()
    feed = asyncio.create_task(_feed(client, namespace, selector, rollout, changed))
    try:
        async with asyncio.timeout(timeout):
            await _until_over(rollout, show, feed, changed)
    except TimeoutError:
        left = "; ".join(f"{name} is {state}" for name, state in rollout.unfinished().items())
        late = f"not there after {timeout:g} s: {left}"
        raise DidNotComeUp(f"{late}. Fizz goes on trying; `fizz ps` shows how far it is", late) from None
    finally:
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)
    if failures := rollout.failures():
        reasons = [f"{name}: {reason}" for name, reason in sorted(failures.items())]
        told = "".join(f"\n  {reason}" for reason in reasons)
        raise DidNotComeUp(
            f"not everything came up:{told}\n`fizz logs` and `fizz describe` show more", "; ".join(reasons)
        )


async def _feed(client: Client, namespace: str, selector: str | None, rollout: Rollout, changed: asyncio.Event) -> None:
    kinds = [built_in("Deployment"), built_in("Job"), built_in("Container")]
    async with aclosing(changes(client, kinds, namespace, selector)) as events:
        async for event in events:
            if event is None:
                rollout.complete = True
            elif event.type is EventType.DELETED:
                rollout.remove(event.object)
            else:
                rollout.put(event.object)
            changed.set()


async def _until_over(rollout: Rollout, show: Show, feed: asyncio.Task[None], changed: asyncio.Event) -> None:
    clock = asyncio.get_running_loop().time
    believe_at: float | None = None  # when what is now so will have stood long enough
    failing = False
    while True:
        waiter = asyncio.create_task(changed.wait())
        left = None if believe_at is None else max(0.0, believe_at - clock())
        await asyncio.wait({feed, waiter}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if feed.done():
            feed.result()
        changed.clear()
        if not rollout.complete:
            continue
        show({rollout.title(name): str(state) for name, state in rollout.states().items()})
        if not rollout.is_over():
            believe_at = None
            continue
        if believe_at is None or failing != bool(rollout.failures()):
            failing = bool(rollout.failures())
            believe_at = clock() + (_SETTLE_SECONDS if failing else rollout.seconds_to_stand())
        if clock() >= believe_at:
            return


def _leaving(item: JSON) -> str:
    """How far an object is on its way out."""
    if "deletionTimestamp" not in item["metadata"]:
        return "waiting"
    message = str(condition(item, "Progressing").get("message") or (item.get("status") or {}).get("message") or "")
    return f"waiting: {message}" if message.startswith(("stops after", "used by")) else "stopping"


async def wait_until_gone(
    client: Client,
    kinds: Sequence[Kind],
    namespace: str | None,
    doomed: Sequence[JSON],
    show: Show,
    timeout: float | None = None,
    is_newcomer: Callable[[JSON], bool] = lambda _: False,
) -> bool:
    """Until none of the objects is there any more. Raises `Failure` naming what is left after `timeout` seconds.

    False as soon as a newcomer is there: somebody makes anew what is to go, and waiting might have no end.
    """
    containers = [item for item in doomed if item["kind"] == "Container"]
    names = {uid_of(item): in_words(name_of(item), containers) for item in doomed}
    states = dict.fromkeys(names.values(), "waiting")
    there: set[str] = set()
    try:
        async with asyncio.timeout(timeout), aclosing(changes(client, kinds, namespace)) as events:
            complete = False
            async for event in events:
                if event is None:
                    complete = True
                    for uid, name in names.items():
                        states[name] = states[name] if uid in there else "gone"
                elif (name := names.get(uid_of(event.object), "")) and event.type is EventType.DELETED:
                    states[name] = "gone"
                elif name:
                    there.add(uid_of(event.object))
                    states[name] = in_words(_leaving(event.object), containers)
                elif event.type is not EventType.DELETED and is_newcomer(event.object):
                    return False
                if complete:
                    show(states)
                if complete and all(state == "gone" for state in states.values()):
                    return True
        raise AssertionError("changes never end")
    except TimeoutError:
        left = ", ".join(sorted(name for name, state in states.items() if state != "gone"))
        raise Failure(f"still there after {timeout:g} s: {left}; `fizz describe` shows what holds them") from None
