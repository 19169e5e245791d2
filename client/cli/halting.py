"""Jobs and schedules while their project is stopped: suspended until it is started again, or brought up.

Who stopped them is told by who owns `spec.suspend`, so that what a person suspended by itself stays so.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from fizz.client.api import Client, Operation
from fizz.client.cli.apply import built_in, reference
from fizz.client.cli.containers import is_of
from fizz.client.cli.jobstates import may_go_on
from fizz.client.cli.project import project_namespace, project_selector
from fizz.client.cli.waiting import Show, wait_until_gone
from fizz.client.objects import uid_of
from fizz.schemas.types import JSON

__all__ = ["STATE_MANAGER", "halt_jobs", "is_halted", "let_jobs_run"]

STATE_MANAGER: Final = "fizz-state"
"""Owns what says whether containers run, beside what the compose file says."""
_KINDS: Final = tuple(map(built_in, ("CronJob", "Job")))


def is_halted(item: JSON) -> bool:
    """Whether a Job or CronJob is suspended because its project was stopped."""
    entries: Iterable[JSON] = item["metadata"].get("managedFields") or ()
    return bool(item["spec"].get("suspend")) and any(map(_owns_suspend, entries))


def _owns_suspend(entry: JSON) -> bool:
    fields: dict[str, Any] = entry.get("fieldsV1") or {}
    return entry.get("manager") == STATE_MANAGER and "f:suspend" in (fields.get("f:spec") or {})


async def halt_jobs(client: Client, project: str, services: Sequence[str], show: Show) -> None:
    """Suspend the jobs and schedules of these services, or of all, that may go on; wait until their containers are
    gone.
    """
    going = [item for item in await _jobs(client, project, services) if may_go_on(item)]
    if not going:
        return
    await _suspend(client, going, suspend=True)
    uids = set(map(uid_of, going))
    listed = await client.list(built_in("Container"), project_namespace(project), project_selector(project))
    running = [item for item in listed.items if _runs(item) and {*_owners(item)} & uids]
    if running:
        await wait_until_gone(client, [built_in("Container")], project_namespace(project), running, show)


async def let_jobs_run(client: Client, project: str, services: Sequence[str]) -> int:
    """Let go on what was halted of these services, or of all. How many that were."""
    halted = [item for item in await _jobs(client, project, services) if is_halted(item)]
    if halted:
        await _suspend(client, halted, suspend=False)
    return len(halted)


async def _jobs(client: Client, project: str, services: Sequence[str]) -> list[JSON]:
    place, selector = project_namespace(project), project_selector(project)
    lists = await asyncio.gather(*(client.list(kind, place, selector) for kind in _KINDS))
    there = [item for listed in lists for item in listed.items if "deletionTimestamp" not in item["metadata"]]
    return [item for item in there if not services or is_of(item, services)]


async def _suspend(client: Client, items: Iterable[JSON], *, suspend: bool) -> None:
    told = [
        Operation("apply", {**reference(item), "spec": {"suspend": suspend}}, force=True, alive=True) for item in items
    ]
    await client.transaction(told, field_manager=STATE_MANAGER)


def _runs(item: JSON) -> bool:
    return (item.get("status") or {}).get("phase") not in {"Succeeded", "Failed", "Stopped"}


def _owners(item: JSON) -> Iterable[str]:
    return (str(each.get("uid")) for each in item["metadata"].get("ownerReferences") or ())
