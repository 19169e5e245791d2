"""Telling the services of a project whether to run, and waiting until it is so.

What is wanted is written into the Deployments, all at one revision, by a manager of its own: so it stays until somebody
wants something else, whoever applies the compose file meanwhile. `fizz up` and `fizz start` let everything run again.

The order in which containers stop and start is the controllers' business.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from fizz.client.api import ApiError, Client, EventType, Operation
from fizz.client.cli.apply import built_in, reference
from fizz.client.cli.changes import changes
from fizz.client.cli.containers import is_of, service_of, short_name
from fizz.client.cli.failures import Failure
from fizz.client.cli.halting import STATE_MANAGER, halt_jobs, is_halted
from fizz.client.cli.project import Resources, project_namespace, project_selector
from fizz.client.cli.waiting import Show
from fizz.client.objects import key_of, uid_of
from fizz.schemas import labels
from fizz.schemas.names import to_label_value
from fizz.schemas.types import JSON

__all__ = [
    "ENDED",
    "deployments_of",
    "ending",
    "has_ended",
    "is_paused",
    "is_restarted",
    "jobs_among",
    "let_run",
    "runs_on",
    "send_signal",
    "stop_services",
    "tell_state",
    "wait_for_containers",
    "with_dependencies",
]

ENDED: Final = frozenset({"Stopped", "Succeeded", "Failed"})
"""Phases of containers that do not run."""


async def deployments_of(
    client: Client, project: str, services: Sequence[str], *, may_be_jobs: bool = False
) -> list[JSON]:
    """The Deployments of these services, or of all. Raises `Failure` for a service that is not there, and for jobs
    unless they are expected among them.
    """
    listed = await client.list(built_in("Deployment"), project_namespace(project), project_selector(project))
    there = [item for item in listed.items if "deletionTimestamp" not in item["metadata"]]
    known = {service_of(item) for item in there}
    missing = [service for service in services if to_label_value(service) not in known]
    jobs = await jobs_among(client, project, missing) if missing else []
    if jobs and not may_be_jobs:
        raise Failure(f"{', '.join(jobs)}: that is not for jobs; there are `fizz job suspend`, `resume` and `run`")
    if missing := [service for service in missing if service not in jobs]:
        has = f"it has {', '.join(sorted(known))}" if known else "nothing of it is there; `fizz up` makes it run"
        raise Failure(f"project {project} has no service {', '.join(missing)}: {has}")
    return [item for item in there if not services or is_of(item, services)]


async def jobs_among(client: Client, project: str, services: Sequence[str]) -> list[str]:
    """The services among these that have become Jobs or CronJobs."""
    kinds = (built_in("Job"), built_in("CronJob"))
    place, selector = project_namespace(project), project_selector(project)
    lists = await asyncio.gather(*(client.list(kind, place, selector) for kind in kinds))
    jobs = {service_of(item) for listed in lists for item in listed.items}
    return [service for service in services if to_label_value(service) in jobs]


def with_dependencies(chosen: Sequence[JSON], there: Sequence[JSON]) -> list[JSON]:
    """The chosen Deployments and all that they depend on, as far as it is there."""
    by_name = {item["metadata"]["name"]: item for item in there}
    found: dict[str, JSON] = {}
    left = list(chosen)
    while left:
        item = left.pop()
        if item["metadata"]["name"] in found:
            continue
        found[item["metadata"]["name"]] = item
        left += [by_name[each["name"]] for each in item["spec"].get("dependsOn") or () if each["name"] in by_name]
    return list(found.values())


async def tell_state(
    client: Client,
    deployments: Sequence[JSON],
    state: str,
    *,
    grace_seconds: int | None = None,
    restart_at: str | None = None,
    others: Sequence[Operation] = (),
) -> list[JSON]:
    """Write what is wanted of them, and do the other operations with it. The Deployments as they are then."""
    annotations = {
        **({labels.STOP_GRACE: str(grace_seconds)} if grace_seconds is not None else {}),
        **({labels.RESTARTED_AT: restart_at} if restart_at else {}),
    }

    def wanted(item: JSON) -> JSON:
        told = reference(item)
        metadata = {**told["metadata"], **({"annotations": annotations} if annotations else {})}
        return {**told, "metadata": metadata, "spec": {"desiredState": state}}

    told = [Operation("apply", wanted(item), force=True, alive=True) for item in deployments]
    done = await client.transaction([*told, *others], field_manager=STATE_MANAGER)
    return [each.object for each in done.results[: len(told)]]


async def send_signal(client: Client, items: Iterable[JSON], signal: str) -> list[str]:
    """Send the programs of running containers a signal, all at once. Why some did not get it."""

    async def send(item: JSON) -> str:
        key = key_of(item)
        try:
            await client.kill(key.name, key.namespace, signal)
        except ApiError as problem:
            return f"{short_name(item)}: {problem.message}"
        return ""

    return [problem for problem in await asyncio.gather(*map(send, items)) if problem]


async def wait_for_containers(
    client: Client,
    project: str,
    deployments: Sequence[JSON],
    word: Callable[[JSON], str],
    done: Callable[[JSON], bool],
    show: Show,
    timeout: float | None = None,
) -> None:
    """Until all containers of the Deployments are `done`; `word` is what is shown of each.

    Raises `Failure` naming those that are not after `timeout` seconds.
    """
    owners = set(map(uid_of, deployments))
    items: dict[str, JSON] = {}

    def mine(item: JSON) -> bool:
        return any(owner.get("uid") in owners for owner in item["metadata"].get("ownerReferences") or ())

    events = changes(client, [built_in("Container")], project_namespace(project), project_selector(project))
    complete = False
    try:
        async with asyncio.timeout(timeout), aclosing(events) as source:
            async for event in source:
                if event is None:
                    complete = True
                elif not mine(event.object):
                    continue
                elif event.type is EventType.DELETED or "deletionTimestamp" in event.object["metadata"]:
                    items.pop(uid_of(event.object), None)
                else:
                    items[uid_of(event.object)] = event.object
                if complete:
                    show({short_name(item): word(item) for item in items.values()})
                    if all(map(done, items.values())):
                        return
    except TimeoutError:
        left = ", ".join(sorted(f"{short_name(each)} is {word(each)}" for each in items.values() if not done(each)))
        raise Failure(f"not so after {timeout:g} s: {left}; `fizz ps -a` shows how far it is") from None


async def stop_services(
    client: Client, project: str, services: Sequence[str], show: Show, grace_seconds: int | None = None
) -> None:
    """Stop the containers of these services, or of all, and wait until they have ended; jobs and schedules pause.
    Raises `Failure`.
    """
    chosen = await deployments_of(client, project, services, may_be_jobs=True)
    await halt_jobs(client, project, services, show)
    if chosen:
        told = await tell_state(client, chosen, "Stopped", grace_seconds=grace_seconds)
        await wait_for_containers(client, project, told, ending, has_ended, show)


def ending(item: JSON) -> str:
    """How far a container is on its way to its end."""
    if has_ended(item):
        return "stopped"
    return "stopping" if _status(item).get("phase") == "Stopping" else "waiting"


def _status(item: JSON) -> JSON:
    return item.get("status") or {}


def has_ended(item: JSON) -> bool:
    """Whether it does not run."""
    return _status(item).get("phase") in ENDED


def is_paused(item: JSON) -> bool:
    """Whether it is frozen, or has ended, which cannot be."""
    return _status(item).get("reason") == "Paused" or has_ended(item)


def runs_on(item: JSON) -> bool:
    """Whether it is frozen no longer."""
    return _status(item).get("reason") != "Paused"


def is_restarted(asked: str) -> Callable[[JSON], bool]:
    """Whether the restart that was asked for then is done."""

    def done(item: JSON) -> bool:
        status = _status(item)
        settled = status.get("phase") == "Running" or status.get("phase") in {"Succeeded", "Failed"}
        return str(status.get("observedRestart") or "") >= asked and settled

    return done


def let_run(resources: Resources, existing: Iterable[JSON]) -> Resources:
    """The resources as they are applied: what was stopped or paused is to run again."""
    halted = {(item["kind"], item["metadata"]["name"]) for item in existing if _is_halted(item)}

    def running(item: JSON) -> JSON:
        if (item["kind"], item["metadata"]["name"]) not in halted:
            return item
        wanted: JSON = {"desiredState": "Running"} if item["kind"] == "Deployment" else {"suspend": False}
        return {**item, "spec": {**item["spec"], **wanted}}

    return replace(resources, objects=tuple(map(running, resources.objects)))


def _is_halted(item: JSON) -> bool:
    if item["kind"] == "Deployment":
        return item["spec"].get("desiredState") in {"Stopped", "Paused"}
    return item["kind"] in {"Job", "CronJob"} and is_halted(item)
