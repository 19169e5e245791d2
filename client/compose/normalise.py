"""From the canonical tree to the model: defaults filled in, names resolved, what nobody uses left out.

The model is plain data (dicts, lists, strings, numbers) and says everything that compose's `config` says. Durations are
texts in Go's format, sizes are texts of digits, and what is zero, empty or false is absent unless that means something.
"""

from collections.abc import Mapping
from typing import Any, Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.references import KINDS, dependencies, on_default_network, references
from fizz.client.compose.spec import PROJECT

__all__ = ["normalise"]

JSON = dict[str, Any]

_NAMED: Final = ("networks", "volumes", "secrets", "configs")


def normalise(
    name: str,
    directory: str,
    tree: Node,
    enabled: Mapping[str, Node],
    environments: Mapping[str, Mapping[str, str | None]],
    labels: Mapping[str, Mapping[str, str]],
    *,
    variables: Mapping[str, str],
    resolve_env: bool,
) -> JSON:
    """The model. `variables` are those of the project; `environments` and `labels` hold, by service, what was read from
    files and merged.
    """
    services = tree.get("services")
    kept = services.with_value(dict(enabled)) if services else Node({})
    model: JSON = PROJECT.dump(tree.with_value({**tree.mapping(), "services": kept}))
    model["name"] = name
    used = {(ref.kind, ref.name) for key, service in enabled.items() for ref in references(key, service)}
    for key, service in model["services"].items():
        model["services"][key] = _service(
            service, directory, enabled[key], key, environments[key], labels[key], variables, resolve_env
        )
    for key, job in model.get("jobs", {}).items():
        model["jobs"][key] = {"networks": {"default": None}, **job, "name": key}
    for kind in KINDS:
        defined = model.get(kind, {})
        wanted = sorted(ref for known, ref in used if known == kind)
        resources = {ref: defined.get(ref) or {} for ref in wanted}
        if kind in _NAMED:
            resources = {ref: _named(name, ref, resource) for ref, resource in resources.items()}
        if resources:
            model[kind] = resources
        else:
            model.pop(kind, None)
    return dict(sorted(model.items()))


def _service(
    service: JSON | None,
    directory: str,
    node: Node,
    name: str,
    environment: Mapping[str, str | None],
    labels: Mapping[str, str],
    variables: Mapping[str, str],
    resolve_env: bool,
) -> JSON:
    result: JSON = dict(service or {})
    if on_default_network(node):
        result["networks"] = {"default": None}
    needed = _dependencies(name, node)
    if needed:
        result["depends_on"] = needed
    if "scale" in result and result.get("deploy") is not None:
        result["deploy"] = dict(sorted({"replicas": result["scale"], **result["deploy"]}.items()))
    if "build" in result:
        result["build"] = _build(result["build"], directory, variables)
    for secret in result.get("secrets", ()):
        secret.setdefault("target", f"/run/secrets/{secret.get('source', '')}")
    if environment:
        result["environment"] = dict(sorted(environment.items()))
    if resolve_env:
        result.pop("env_file", None)
    if labels:
        result["labels"] = dict(sorted(labels.items()))
    for key in ("command", "entrypoint", "deploy", "develop"):
        if key in result and result[key] is None:
            del result[key]
    return dict(sorted(result.items()))


def _dependencies(name: str, node: Node) -> JSON:
    needed: JSON = {}
    for dependency in dependencies(name, node):
        entry: JSON = {"condition": dependency.condition}
        if dependency.restart:
            entry["restart"] = True
        needed.setdefault(dependency.name, {**entry, "required": dependency.required})
    return dict(sorted(needed.items()))


def _build(build: JSON, directory: str, variables: Mapping[str, str]) -> JSON:
    result = {"context": directory, **build}
    if "dockerfile_inline" not in result:
        result.setdefault("dockerfile", "Dockerfile")
    if "args" in result:
        given = {key: variables.get(key) if value is None else value for key, value in result["args"].items()}
        result["args"] = {key: value for key, value in given.items() if value is not None}
    return result


def _named(project: str, key: str, resource: JSON) -> JSON:
    """A network, volume, secret or config with the name that it has outside of the project."""
    default = key if resource.get("external") else f"{project}_{key}"
    return {**resource, "name": resource.get("name") or default}
