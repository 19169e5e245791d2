"""Which services are part of the project now: those that profiles enable, or those that were asked for.

Asking for a service by name enables its profiles, and brings in what it depends on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Problems, suggestion
from fizz.client.compose.references import dependencies

__all__ = ["Selection", "by_profile", "named_profiles", "only", "profiles_of"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The services that are there, and the names of the others."""

    enabled: dict[str, Node]
    disabled: tuple[str, ...]


def by_profile(services: Mapping[str, Node], profiles: tuple[str, ...]) -> Selection:
    """Services without profiles, or with an enabled one; `*` enables all."""
    enabled: dict[str, Node] = {}
    active = set(profiles) or {""}  # where none is enabled, compose enables the one without a name
    for name, service in services.items():
        own = profiles_of(service)
        if not own or "*" in active or set(own) & active:
            enabled[name] = service
    return Selection(enabled, tuple(sorted(set(services) - set(enabled))))


def named_profiles(
    services: Mapping[str, Node], names: tuple[str, ...], profiles: tuple[str, ...], problems: Problems
) -> tuple[str, ...]:
    """The profiles that are enabled when services are asked for by name. A name that is none is an error."""
    result = list(profiles)
    for name in names:
        if name not in services:
            problems.error(None, f'there is no service "{name}"', hint=suggestion(name, list(services)))
        elif not set(own := profiles_of(services[name])) & set(result):
            result += own
    return tuple(dict.fromkeys(result))


def only(selection: Selection, names: tuple[str, ...], *, follow: bool = True) -> Selection:
    """The services of these names, and what they depend on if `follow`; all of them if no names are given."""
    if not names:
        return selection
    wanted: dict[str, Node] = {}
    open_names = [name for name in names if name in selection.enabled]
    while open_names:
        name = open_names.pop()
        if name not in wanted:
            wanted[name] = selection.enabled[name]
            needed = [dependency.name for dependency in dependencies(name, wanted[name])] if follow else []
            open_names += [other for other in needed if other in selection.enabled]
    left = set(selection.enabled) - set(wanted)
    ordered = {name: node for name, node in selection.enabled.items() if name in wanted}
    return Selection(ordered, tuple(sorted(left | set(selection.disabled))))


def profiles_of(service: Node) -> list[str]:
    """The profiles that a service names."""
    profiles = service.get("profiles")
    return [str(item.value) for item in profiles.items()] if profiles else []
