"""What Fizz does not run at all, because running the rest would be something else than what the file says."""

from collections.abc import Iterator
from typing import Any, Final

from fizz.client.compose.problems import Path, Problems, TranslateError
from fizz.client.compose.project import Project
from fizz.client.compose.translate.jobs import is_job, is_scheduled

__all__ = ["refuse_what_cannot_run"]

JSON = dict[str, Any]

_SERVICE_KEYS: Final = ("provider", "models", "pre_start")
_SHARED: Final = ("network_mode", "ipc", "pid")
_ENDING: Final = (None, "", "none", "on-failure")
_SWARM_KEYS: Final = {"secrets": ("driver", "template_driver"), "configs": ("template_driver",)}


def refuse_what_cannot_run(project: Project) -> None:
    """Raises `TranslateError` naming each place, of services that are enabled and of what they use."""
    problems = Problems()
    for path, text in _found(project):
        problems.error(project.place(*path), text, path=path)
    if problems.errors:
        raise TranslateError(problems.all())


def _found(project: Project) -> Iterator[tuple[Path, str]]:
    yield from _of_jobs(project)
    for name, service in project.services.items():
        for key in _SERVICE_KEYS:
            if service.get(key):
                yield ("services", name, key), "is not available yet, and the service would be another without it"
    for section, keys in _SWARM_KEYS.items():
        for name, resource in project.model.get(section, {}).items():
            for key in keys:
                if resource.get(key):
                    yield (section, name, key), "is a matter of Docker Swarm; nothing here can honour it"


def _of_jobs(project: Project) -> Iterator[tuple[Path, str]]:
    """What contradicts a service's coming to an end."""
    jobs = {name for name, service in project.services.items() if is_job(service)}
    scheduled = {name for name, service in project.services.items() if is_scheduled(service)}
    for name, service in project.services.items():
        place = ("services", name)
        for other in service.get("depends_on") or {}:
            if other in scheduled:
                yield (*place, "depends_on", other), f"{other} runs by its schedule, so nothing can wait for it"
        for key in _SHARED:
            kind, _, other = str(service.get(key) or "").partition(":")
            if kind == "service" and other in jobs:
                yield (*place, key), f"{other} comes to an end, so its namespaces cannot be shared"
        if name in jobs:
            yield from (((*place, *path), text) for path, text in _of_job(service))
        elif (service.get("x-fizz") or {}).get("job"):
            yield (*place, "x-fizz", "job"), "is for jobs: give the service a schedule, or the mode of a job"


def _of_job(service: JSON) -> Iterator[tuple[Path, str]]:
    deploy, more = service.get("deploy") or {}, (service.get("x-fizz") or {}).get("job") or {}
    policy = deploy.get("restart_policy")
    if policy is not None and policy.get("condition") not in _ENDING:
        yield ("deploy", "restart_policy", "condition"), "a job is done when it succeeds: use on-failure or none"
    elif policy is None and str(service.get("restart") or "").partition(":")[0] in {"always", "unless-stopped"}:
        yield ("restart",), "a job is done when it succeeds: use on-failure or no"
    if deploy.get("mode") == "global-job":
        for path in (("deploy", "replicas"), ("scale",)):
            if _get(service, path) is not None:
                yield path, "a job that runs once on each node has no number of replicas"
        for key in ("parallelism", "indexed"):
            if more.get(key):
                yield ("x-fizz", "job", key), "makes no sense for a job that runs once on each node"


def _get(service: JSON, path: Path) -> Any:
    value: Any = service
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value
