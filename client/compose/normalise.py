"""From the canonical tree to the model: defaults filled in, names resolved, what nobody uses left out.

The model is plain data (dicts, lists, strings, numbers) and says everything that compose's `config` says. Durations are
texts in Go's format, sizes are texts of digits, and what is zero, empty or false is absent unless that means something.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fizz.client.compose.hooks import inherited
from fizz.client.compose.nodes import Node
from fizz.client.compose.options import LoadOptions
from fizz.client.compose.references import KINDS, dependencies, on_default_network, references
from fizz.client.compose.spec import PROJECT

__all__ = ["Workload", "normalise"]

JSON = dict[str, Any]

_NAMED: Final = ("networks", "volumes", "secrets", "configs")
_DEFAULT_NETWORK: Final[JSON] = {"default": None}


@dataclass(frozen=True, slots=True)
class Workload:
    """An enabled service or job, with what was read from its files and merged. Without files, labels are none."""

    node: Node
    environment: Mapping[str, str | None]
    labels: Mapping[str, str]


def normalise(
    name: str,
    directory: str,
    tree: Node,
    workloads: Mapping[str, Mapping[str, Workload]],
    variables: Mapping[str, str],
    options: LoadOptions,
) -> JSON:
    """The model. `workloads` are the enabled services and jobs, by those words; `variables` are the project's."""
    kept = {
        kind: Node({key: inherited(each.node) for key, each in found.items()})
        for kind, found in workloads.items()
        if found or kind == "services"
    }
    rest = {key: child for key, child in tree.mapping().items() if key not in workloads}
    model: JSON = PROJECT.dump(tree.with_value({**rest, **kept}))
    model["name"] = name
    filler = _Filler(directory, variables, options, frozenset(workloads["services"]))
    for kind, found in workloads.items():
        for key, each in found.items():
            model[kind][key] = filler.workload(key, model[kind][key] or {}, each)
    for key, job in model.get("jobs", {}).items():
        job["name"] = key
    services = workloads["services"].items()
    used = {
        (reference.kind, reference.name)
        for key, each in services
        for reference in references(key, each.node)
        if options.normalise or reference.path != ("services", key)  # the default network is not written anywhere
    }
    for kind in KINDS:
        _prune(kind, name, model, used, options)
    return dict(sorted(model.items()))


def _prune(kind: str, project: str, model: JSON, used: set[tuple[str, str]], options: LoadOptions) -> None:
    """Keep what is used (or all, if asked for), and give it the name that it has outside of the project."""
    defined = model.pop(kind, {})
    names = {name for known, name in used if known == kind}
    if options.all_resources:
        names |= set(defined)
    names &= {*defined, "default"} if options.normalise else set(defined)
    resources = {name: defined.get(name) or {} for name in sorted(names)}
    if kind in _NAMED and options.normalise:
        resources = {name: _named(project, name, resource) for name, resource in resources.items()}
    if resources:
        model[kind] = resources


def _named(project: str, key: str, resource: JSON) -> JSON:
    default = key if resource.get("external") else f"{project}_{key}"
    named: JSON = {"name": default, **resource}
    return {key: value for key, value in named.items() if key != "name" or value != ""}


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills in what a service or job leaves unsaid. `services` are the enabled ones."""

    directory: str
    variables: Mapping[str, str]
    options: LoadOptions
    services: frozenset[str]

    def workload(self, name: str, written: JSON, workload: Workload) -> JSON:
        """The service or job with everything said."""
        result = dict(written)
        if self.options.normalise:
            self._implied(name, result, workload.node)
        if "scale" in result and result.get("deploy") is not None:
            result["deploy"] = dict(sorted({"replicas": result["scale"], **result["deploy"]}.items()))
        if "build" in result:
            result["build"] = self._build(result["build"], workload.node.mapping()["build"])
        for holder in (result, *result.get("pre_start", ())):
            for secret in holder.get("secrets", ()):
                secret.setdefault("target", f"/run/secrets/{secret.get('source', '')}")
            for granted in (*holder.get("secrets", ()), *holder.get("configs", ())):
                if granted.get("target") == "":
                    del granted["target"]
        if workload.environment:
            result["environment"] = dict(sorted(workload.environment.items()))
        if self.options.resolve_env:
            result.pop("env_file", None)
        if workload.labels:
            result["labels"] = dict(sorted(workload.labels.items()))
        said = {key: value for key, value in result.items() if value is not None}
        return dict(sorted(said.items()))

    def _implied(self, name: str, result: JSON, node: Node) -> None:
        """The default network, and dependencies that follow from links and shared namespaces."""
        if on_default_network(node):
            result["networks"] = dict(_DEFAULT_NETWORK)
        for hook in result.get("pre_start", ()):
            if not hook.get("networks") and not hook.get("network_mode"):
                hook["networks"] = dict(_DEFAULT_NETWORK)
        needed: JSON = {}
        for dependency in dependencies(name, node):
            if self.options.services and dependency.name not in self.services:
                continue
            entry = {"condition": dependency.condition, **({"restart": True} if dependency.restart else {})}
            needed.setdefault(dependency.name, {**entry, "required": dependency.required})
        for other, written in (result.get("depends_on") or {}).items():
            if other in needed:
                needed[other] |= {key: value for key, value in written.items() if key.startswith("x-")}
        result["depends_on"] = dict(sorted(needed.items())) or None

    def _build(self, build: JSON, written: Node) -> JSON:
        """Defaults for what is not `written`; an empty text is written, but says nothing."""
        result = dict(build)
        if written.get("context") is None:
            result["context"] = self.directory if self.options.resolve_paths else "."
        if written.get("dockerfile") is None and written.get("dockerfile_inline") is None and self.options.normalise:
            result["dockerfile"] = "Dockerfile"
        args = result.pop("args", {})
        given = {key: self.variables.get(key) if value is None else value for key, value in args.items()}
        if not self.options.normalise:
            given = args
        elif all(value is None for value in given.values()):
            given = {}
        if given:
            result["args"] = {
                key: value for key, value in given.items() if value is not None or not self.options.normalise
            }
        return dict(sorted(result.items()))
