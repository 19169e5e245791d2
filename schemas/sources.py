"""Which Secrets and ConfigMaps a container uses: by its variables, its files and its hooks. Pure."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from fizz.schemas.container import ContainerSpec
from fizz.schemas.env import EnvVar
from fizz.schemas.mounts import FileProjection

__all__ = ["SourceRef", "keys_used", "projections", "reference", "references"]


class SourceRef(NamedTuple):
    """A Secret or ConfigMap in the container's namespace."""

    kind: Literal["Secret", "ConfigMap"]
    name: str


def references(spec: ContainerSpec) -> set[SourceRef]:
    """The objects that the container needs."""
    return {ref for ref, _ in _uses(spec)}


def keys_used(spec: ContainerSpec) -> dict[SourceRef, list[str]]:
    """The keys of each object that it needs, in order."""
    found: dict[SourceRef, set[str]] = {}
    for ref, key in _uses(spec):
        found.setdefault(ref, set()).add(key)
    return {ref: sorted(found[ref]) for ref in sorted(found)}


def projections(spec: ContainerSpec) -> Iterator[tuple[Literal["Secret", "ConfigMap"], FileProjection]]:
    """What it sees as files."""
    for each in spec.secrets or []:
        yield "Secret", each
    for each in spec.configs or []:
        yield "ConfigMap", each


def reference(variable: EnvVar) -> tuple[SourceRef, str] | None:
    """The object and the key that a variable has its value from; None if it has a value of its own."""
    origin = variable.value_from
    if origin is None:
        return None
    if origin.secret_key_ref:
        return SourceRef("Secret", origin.secret_key_ref.name), origin.secret_key_ref.key
    if origin.config_map_key_ref:
        return SourceRef("ConfigMap", origin.config_map_key_ref.name), origin.config_map_key_ref.key
    return None


def _uses(spec: ContainerSpec) -> Iterator[tuple[SourceRef, str]]:
    hooks = [*(spec.post_start or []), *(spec.pre_stop or [])]
    for variables in (spec.env, *(hook.env for hook in hooks)):
        for variable in variables or []:
            if ref := reference(variable):
                yield ref
    for kind, each in projections(spec):
        yield SourceRef(kind, each.name), each.key
