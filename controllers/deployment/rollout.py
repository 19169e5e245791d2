"""How the Containers of an older template are replaced by those of the present one. Pure.

A step does, in this order:

1. *Fill*: an empty slot gets a Container of the present template. That is no update, so nothing limits it.
2. *Finish*: where the new Container of a slot has proved good, what is old in the slot goes.
3. *Begin*: more slots are begun, as many as the limits allow. Where nothing old does its work any more, there is
   nothing to lose, and the slot is begun whatever the limits say.

Example, replicas 2, start first, one at a time, template changed from a to b (`+` ready, `-` not yet):

    slot 0: a+        slot 1: a+     -> create b in slot 0
    slot 0: a+ b-     slot 1: a+     -> wait
    slot 0: a+ b+     slot 1: a+     -> delete a in slot 0, create b in slot 1
    slot 0: b+        slot 1: a+ b+  -> delete a in slot 1
    slot 0: b+        slot 1: b+     -> done

New Containers that do not work are counted. More of them than the strategy bears, and the update is *halted*: no more
slots are begun, what is old and works stays; so a bad image costs one replica, or with start first none. It goes on by
itself if they come to work after all. With Rollback, the template that last worked is put back instead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fizz.controllers.deployment.slots import Slot, good_since, is_good, trouble_of
from fizz.schemas.container import Container
from fizz.schemas.durations import parse_duration
from fizz.schemas.strategy import Limits, UpdateStrategy

__all__ = ["Step", "step"]

_SKEW: Final = timedelta(minutes=1)
"""How far the clocks of controllers and nodes may be apart."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """What may be done now. `fill` are the slots that get a new Container, `remove` what goes and why.

    `halted` says why no more is begun, `wait` how long until time alone allows more (None: something will tell).
    """

    fill: tuple[int, ...] = ()
    remove: tuple[tuple[Container, str], ...] = ()
    halted: str | None = None
    wait: timedelta | None = None


def _of_older_template(_: Container) -> str:
    return "made from an older template"


def step(
    slots: Sequence[Slot],
    strategy: UpdateStrategy | None,
    limits: Limits,
    now: datetime,
    outdated: Callable[[Container], str] = _of_older_template,
) -> Step:
    """The next step of an update; a first start is one with nothing old. `outdated` says why a Container is old."""
    strategy = strategy or UpdateStrategy()
    monitor, delay = _span(strategy.monitor), _span(strategy.delay)
    fill = [slot.ordinal for slot in slots if slot.is_empty]
    finished = [slot for slot in slots if (at := _proved_at(slot, monitor, now)) and at <= now]
    unfinished = [slot for slot in slots if slot not in finished]
    remove = [*_surplus(unfinished), *((item, "its successor is ready") for slot in finished for item in slot.old)]
    halted = None if strategy.failure_action == "Continue" else _halt(slots, strategy)
    proved = [at for slot in slots if (at := _proved_at(slot, monitor, now))]
    due = [at for at in proved if at > now]
    next_batch = max(proved) + delay if proved and delay else now
    if next_batch > now:
        due.append(next_batch)
    elif not halted:
        started, gone = _begin(unfinished, limits, outdated)
        fill += started
        remove += gone
    begun_all = not any(slot.old for slot in slots)
    wait = min(due) - now if due and not begun_all else None
    return Step(tuple(fill), tuple(remove), halted, wait)


def _span(written: str | None) -> timedelta:
    return timedelta(microseconds=parse_duration(written) / 1000) if written else timedelta()


def _proved_at(slot: Slot, monitor: timedelta, now: datetime) -> datetime | None:
    """When the new Container of a slot has proved good, which may be yet to come; None while it is not good.

    What has been good since a moment to come was so before the clock was set back: nobody waits for that again.
    """
    since = good_since(slot.current) if slot.current else None
    if since is None:
        return None
    return _LONG_AGO if since > now + _SKEW else since + monitor


def _surplus(slots: Sequence[Slot]) -> Iterator[tuple[Container, str]]:
    """Of several old Containers in a slot, from an update that was itself overtaken, only the best is kept."""
    for slot in slots:
        yield from (
            (item, "made from a template that was replaced before it was in use") for item in _best_first(slot)[1:]
        )


def _best_first(slot: Slot) -> list[Container]:
    return sorted(slot.old, key=lambda item: (not is_good(item), item.name))


def _halt(slots: Sequence[Slot], strategy: UpdateStrategy) -> str | None:
    """Why no more slots may be begun, if there are any: more new Containers do not work than the strategy bears."""
    failing = [
        f"{slot.current.name}: {trouble}" for slot in slots if slot.current and (trouble := trouble_of(slot.current))
    ]
    bearable = int((strategy.max_failure_ratio or 0) * len(slots))
    return failing[0] if len(failing) > bearable else None


def _begin(
    slots: Sequence[Slot], limits: Limits, outdated: Callable[[Container], str]
) -> tuple[list[int], list[tuple[Container, str]]]:
    """Slots to start a new Container in beside the old one, and old Containers to delete first."""
    surge = limits.surge - sum(slot.current is not None and bool(slot.old) for slot in slots)
    unavailable = limits.unavailable - sum(not slot.serves for slot in slots)
    start: list[int] = []
    remove: list[tuple[Container, str]] = []
    for slot in slots:
        if slot.current is not None or not slot.old:
            continue
        if not slot.serves:
            old = _best_first(slot)[0]
            remove.append((old, f"{outdated(old)}, and not ready"))
        elif surge > 0:
            surge -= 1
            start.append(slot.ordinal)
        elif unavailable > 0:
            unavailable -= 1
            old = _best_first(slot)[0]
            remove.append((old, outdated(old)))
    return start, remove
