"""What Fizz does not run at all, because running the rest would be something else than what the file says."""

from collections.abc import Iterator
from typing import Final

from fizz.client.compose.problems import Path, Problems, TranslateError
from fizz.client.compose.project import Project

__all__ = ["refuse_what_cannot_run"]

_SERVICE_KEYS: Final = ("provider", "models", "pre_start")
_SWARM_KEYS: Final = {"secrets": ("driver", "template_driver"), "configs": ("template_driver",)}


def refuse_what_cannot_run(project: Project) -> None:
    """Raises `TranslateError` naming each place, of services that are enabled and of what they use."""
    problems = Problems()
    for path, text in _found(project):
        problems.error(project.place(*path), text, path=path)
    if problems.errors:
        raise TranslateError(problems.all())


def _found(project: Project) -> Iterator[tuple[Path, str]]:
    for name, service in project.services.items():
        for key in _SERVICE_KEYS:
            if service.get(key):
                yield ("services", name, key), "is not available yet, and the service would be another without it"
    for section, keys in _SWARM_KEYS.items():
        for name, resource in project.model.get(section, {}).items():
            for key in keys:
                if resource.get(key):
                    yield (section, name, key), "is a matter of Docker Swarm; nothing here can honour it"
