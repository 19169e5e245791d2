"""The model of a project whose variables stay as they are written: `config --no-interpolate`.

Values are as they stand in the files, numbers that are texts and lists of `name=value` included. Short forms are long
where that needs no value; names, defaults and dependencies are filled in. Nothing is left out: neither services that no
profile enables nor networks that nobody uses.
"""

from collections.abc import Mapping
from typing import Any, Final

from fizz.client.compose.nodes import Node, plain
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.references import dependencies, on_default_network

__all__ = ["unfilled_model"]

JSON = dict[str, Any]

_NAMED: Final = ("networks", "volumes", "secrets", "configs")


def unfilled_model(name: str, directory: str, tree: Node, variables: Mapping[str, str], options: LoadOptions) -> JSON:
    """The model as plain data, keys sorted."""
    model: JSON = plain(tree)
    workloads: list[JSON] = []
    for kind in ("services", "jobs"):
        written = (tree.get(kind) or Node({})).mapping()
        if kind in model:
            model[kind] = {key: each or {} for key, each in model[kind].items()}
        for key, each in model.get(kind, {}).items():
            _fill(key, each, written[key], directory if options.resolve_paths else ".", variables, options)
            workloads.append(each)
    if options.normalise:
        model["name"] = name
        if any("default" in (each.get("networks") or ()) for each in workloads):
            model["networks"] = {"default": None, **(model.get("networks") or {})}
        for kind in _NAMED:
            if model.get(kind):
                model[kind] = {key: _named(name, key, each or {}) for key, each in model[kind].items()}
    sorted_model: JSON = _sorted(model)
    return sorted_model


def _fill(
    name: str, service: JSON, node: Node, directory: str, variables: Mapping[str, str], options: LoadOptions
) -> None:
    for secret in service.get("secrets") or ():
        if isinstance(secret, dict):
            secret.setdefault("target", f"/run/secrets/{secret.get('source', '')}")
    if not options.normalise:
        return
    if on_default_network(node):
        service["networks"] = {"default": None}
    for hook in service.get("pre_start") or ():
        if isinstance(hook, dict):
            hook["networks"] = hook.get("networks") or {"default": None}
            if service.get("image"):
                hook.setdefault("image", service["image"])
    needed: JSON = {}
    for each in dependencies(name, node):
        implied = "depends_on" not in each.path
        entry: JSON = {"condition": each.condition, **({"restart": each.restart} if each.restart or implied else {})}
        needed.setdefault(each.name, {**entry, "required": each.required})
    if needed:
        service["depends_on"] = {**needed, **(service.get("depends_on") or {})}
    if isinstance(build := service.get("build"), dict):
        build.setdefault("context", directory)
        if "dockerfile_inline" not in build:
            build.setdefault("dockerfile", "Dockerfile")
        if "args" in build:
            build["args"] = _given(build["args"], variables)


def _given(args: Any, variables: Mapping[str, str]) -> Any:
    """Arguments of a build, those without a value from the variables of the project, or left out."""
    if isinstance(args, dict):
        values = {key: variables.get(key) if value is None else value for key, value in args.items()}
        return {key: value for key, value in values.items() if value is not None}
    lines = map(str, args)
    return [line if "=" in line else f"{line}={variables[line]}" for line in lines if "=" in line or line in variables]


def _named(project: str, key: str, resource: JSON) -> JSON:
    return {"name": key if resource.get("external") else f"{project}_{key}", **resource}


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value)}
        case list():
            return [_sorted(child) for child in value]
    return value
