"""Bringing about what `fizz run` wants: what the container needs first, then the container, talked to from its start.

A container that is talked to is made first and started when somebody listens, so that nothing of what it says is lost.
"""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from fizz.client.api import ApiError, Client, EventType
from fizz.client.cli.apply import built_in
from fizz.client.cli.changes import changes
from fizz.client.cli.containers import engine_name
from fizz.client.cli.deploy import apply_project
from fizz.client.cli.failures import Failure
from fizz.client.cli.oneoff import OneOff, laid_over, written
from fizz.client.cli.progress import Progress
from fizz.client.cli.project import WORKLOADS, Resources, project_selector
from fizz.client.cli.rollout import Rollout
from fizz.client.cli.terminal import Streams, interact, terminal_size
from fizz.client.cli.waiting import wait_for_rollout
from fizz.client.compose import LoadOptions, Project, load
from fizz.client.conversation import Conversation
from fizz.client.objects import Key, key_of
from fizz.schemas.channels import Ending
from fizz.schemas.names import to_name
from fizz.schemas.types import JSON

__all__ = ["overlaid", "run_detached", "run_talking", "slug", "split", "start_dependencies"]

_CONTAINER: Final = built_in("Container")
_SLUG: Final = 6
"""Bytes of what tells one container of `run` from another."""


def slug() -> str:
    """What tells this run from others."""
    return secrets.token_hex(_SLUG)


def overlaid(project: Project, service: str, said: OneOff) -> Project:
    """The project with the service as it is to run. Raises `Failure` for what cannot be read."""
    from fizz.client.cli.formats import to_yaml

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.yaml"
        path.write_text(to_yaml(written(said, project.declared("volumes"))))
        said_as_file = LoadOptions(files=(str(path),), project_name=project.name, project_directory=str(Path.cwd()))
        loaded = load(said_as_file, os.environ)
    if loaded.project is None:
        said_wrong = (each.message.replace("services.run.", "").replace("services.run", "-v") for each in loaded.errors)
        raise Failure("; ".join(said_wrong))
    services = {**project.services, service: laid_over(project.services[service], loaded.project.services["run"], said)}
    return replace(project, model={**project.model, "services": services})


def split(resources: Resources, service: str) -> tuple[JSON, Resources]:
    """The workload of the service, and all that is not its own. Raises `Failure`."""
    name = to_name(service)
    mine = [item for item in resources.objects if item["kind"] in WORKLOADS and item["metadata"]["name"] == name]
    if not mine:
        raise Failure(f"service {service} runs no container")
    own = {*WORKLOADS, "Service"}
    rest = [each for each in resources.objects if not (each["kind"] in own and each["metadata"]["name"] == name)]
    return mine[0], replace(resources, objects=tuple(rest), partial=True)


async def start_dependencies(client: Client, workload: JSON, rest: Resources, screen: Progress) -> None:
    """Apply what the container needs, and wait until its dependencies are as far as they must be. Raises `Failure`."""
    done = await apply_project(client, rest, screen.say)
    spec = workload["spec"].get("jobTemplate", {}).get("spec") or workload["spec"]
    wanted = {each["name"]: each.get("condition", "Started") for each in spec.get("dependsOn") or ()}
    there = {item["metadata"]["name"] for item in rest.objects if item["kind"] in WORKLOADS}
    for wait in (False, True):
        names = [name for name, condition in wanted.items() if name in there and (condition != "Started") == wait]
        if not names:
            continue
        rollout = Rollout(names, wait=wait)
        rollout.applied(each.object for each in done.results if each.verb != "deleted")
        await wait_for_rollout(client, rest.namespace, project_selector(rest.project), rollout, screen.show)


async def run_detached(client: Client, item: JSON) -> str:
    """Make the container and let it run; the engine's id of it. Raises `Failure`."""
    made = await client.create(item)
    found = await _until(client, key_of(made), lambda each: bool(_status(each).get("startedAt")))
    return str(_status(found)["containerID"])


async def run_talking(client: Client, item: JSON, streams: Streams) -> Ending:
    """Make the container, listen, and let it run. Raises `Failure`. One that never ran does not stay."""
    held = {**item, "spec": {**item["spec"], "desiredState": "Created"}}
    key = key_of(await client.create(held))
    begun = False
    try:
        await _until(client, key, lambda each: _status(each).get("phase") == "Created")
        async with client.attach(key.name, key.namespace, stdin=streams.stdin) as talk:
            await client.patch(_CONTAINER, key.name, {"spec": {"desiredState": "Running"}}, key.namespace)
            begun = True
            starting = asyncio.create_task(_started(client, key, talk, streams))
            talking = asyncio.create_task(interact(talk, streams))
            try:
                await asyncio.wait([starting, talking], return_when=asyncio.FIRST_COMPLETED)
                if starting.done() and starting.exception() is not None and not talking.done():
                    raise starting.exception() or Failure("it cannot be started")
                return await talking
            finally:
                for task in (starting, talking):
                    task.cancel()
                await asyncio.gather(starting, talking, return_exceptions=True)
    except Failure:
        begun = False
        raise
    finally:
        if not begun:
            with suppress(ApiError):
                await client.delete(_CONTAINER, key.name, key.namespace)


async def _started(client: Client, key: Key, talk: Conversation, streams: Streams) -> None:
    """Until it runs; only then its terminal can have a size."""
    await _until(client, key, _has_begun)
    if streams.tty:
        await talk.resize(*terminal_size())


def _has_begun(item: JSON) -> bool:
    return bool(_status(item).get("startedAt"))


async def _until(client: Client, key: Key, good: Callable[[JSON], bool]) -> JSON:
    """The Container when it is so. Raises `Failure` if it cannot be."""
    async with aclosing(changes(client, [_CONTAINER], key.namespace)) as events:
        async for event in events:
            if event is None or key_of(event.object) != key:
                continue
            if event.type is EventType.DELETED:
                raise Failure(f"{key.name} is gone")
            if good(event.object):
                return event.object
            status = _status(event.object)
            if status.get("message") and status.get("reason") in _HOPELESS:
                raise Failure(f"{engine_name(event.object)} cannot be started: {status['message']}")
    raise AssertionError("changes never end")


_HOPELESS: Final = frozenset(
    {"CreateFailed", "StartFailed", "EngineRefused", "ImagePullFailed", "NameTaken", "Unsupported", "FilesFailed"}
)
"""Reasons that a person has to do something about."""


def _status(item: JSON) -> JSON:
    return item.get("status") or {}
