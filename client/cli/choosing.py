"""The one container of a service that a command is about. Pure but for the list."""

from collections.abc import Iterable

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.containers import in_order, is_of, is_oneoff, number_of, service_of
from fizz.client.cli.failures import Failure
from fizz.client.cli.project import project_namespace, project_selector
from fizz.schemas.types import JSON

__all__ = ["choose", "containers_of", "is_running", "running_container"]


def is_running(item: JSON) -> bool:
    """Whether something can be done in it."""
    status = item.get("status") or {}
    return bool(status.get("containerID")) and status.get("phase") in {"Running", "Stopping"}


async def containers_of(client: Client, project: str) -> list[JSON]:
    """The project's containers, in order."""
    listed = await client.list(built_in("Container"), project_namespace(project), project_selector(project))
    return in_order(listed.items)


async def running_container(client: Client, project: str, service: str, index: int | None) -> JSON:
    """The container that `exec` and its like are about. Raises `Failure`."""
    return choose(await containers_of(client, project), project, service, index)


def choose(items: Iterable[JSON], project: str, service: str, index: int | None, *, running: bool = True) -> JSON:
    """The service's container of that number, or its first. Raises `Failure`."""
    items = list(items)
    mine = [item for item in items if is_of(item, [service])]
    kept = [item for item in mine if not is_oneoff(item)]
    fitting = [
        item for item in kept if (not running or is_running(item)) and (index is None or number_of(item) == index)
    ]
    if not fitting and index is None:  # as compose does
        fitting = [item for item in mine if is_oneoff(item) and (not running or is_running(item))]
    if fitting:
        return fitting[0]
    if not mine and service not in {service_of(item) for item in items}:
        there = ", ".join(dict.fromkeys(map(service_of, items))) or "none"
        raise Failure(f"no container of {service} is there; project {project} has containers of: {there}")
    number = f" container #{index}" if index else ""
    word = "running" if running else "there"
    raise Failure(f"service {service}{number} is not {word}; `fizz ps -a` shows what is")
