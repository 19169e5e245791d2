"""What must be true of a project as a whole: nothing refers to what is not there, nothing contradicts itself.

The shape of every single value has been checked before. Services that no profile enables are not checked, as in
compose. All problems are told; one does not hide another.
"""

from collections.abc import Callable, Mapping
from typing import Final

from fizz.client.compose.nodes import BROKEN, Node
from fizz.client.compose.probe_checks import check_probes
from fizz.client.compose.problems import Path, Problems, suggestion
from fizz.client.compose.references import KINDS, Dependency, dependencies, references
from fizz.client.compose.shapes.tables import is_misspelt
from fizz.client.compose.spec import SERVICE
from fizz.client.compose.spec.external import is_external
from fizz.client.compose.spec.volumes import clean_target

__all__ = ["check_project", "check_values"]

_SINGULAR: Final = {kind: kind.removesuffix("s") for kind in KINDS}
_SAME: Final = (
    (("scale",), ("deploy", "replicas")),
    (("cpus",), ("deploy", "resources", "limits", "cpus")),
    (("mem_limit",), ("deploy", "resources", "limits", "memory")),
    (("pids_limit",), ("deploy", "resources", "limits", "pids")),
    (("mem_reservation",), ("deploy", "resources", "reservations", "memory")),
)


def check_values(tree: Node, problems: Problems) -> None:
    """Check what each part of the canonical tree must have, whatever the others are."""
    _check_resources(tree, problems)


def check_project(tree: Node, enabled: Mapping[str, Node], problems: Problems, *, implied: bool = True) -> None:
    """Check whether the parts of the canonical tree fit together; `enabled` are the services that profiles leave. Links
    and shared namespaces are dependencies if what is `implied` counts.
    """
    _check_secrets(tree, problems)
    services = tree.get("services")
    all_services = services.mapping() if services else {}
    for name, service in enabled.items():
        if isinstance(service.value, dict) and services is not None:
            check = _ServiceCheck(name, service, problems)
            check.source(services)
            check.all()
            _check_references(name, service, tree, problems, implied)
    _check_dependencies(enabled, all_services, problems, implied)
    _check_jobs(tree, problems)
    _check_container_names(enabled, problems)
    _check_ports(enabled, problems)


class _ServiceCheck:
    """Contradictions within one service."""

    def __init__(self, name: str, service: Node, problems: Problems) -> None:
        self._path: Path = ("services", name)
        self._service = service
        self._problems = problems

    def source(self, services: Node) -> None:
        """There is something to run."""
        image, build, provider = (self._service.get(key) for key in ("image", "build", "provider"))
        given = (image and (image.value or image.tag == BROKEN)) or build or provider
        if not (given or any(is_misspelt(self._service, key, SERVICE.keys) for key in ("image", "build"))):
            place = services.key(str(self._path[-1]))
            self._problems.error(place, "has neither an image nor a build", path=self._path, hint='add "image: ..."')
        self._contexts(services)

    def all(self) -> None:
        """Everything else."""
        self._exclusive("networks", "network_mode")
        self._same()
        self._unique_name()
        self._mounts()
        self._build()
        self._watch()
        self._health()
        check_probes(self._path, self._service, self._problems)
        self._pace()

    def _get(self, *path: str) -> Node | None:
        node: Node | None = self._service
        for step in path:
            node = node.get(step) if node else None
        return node

    def _error(self, place: Node, text: str, path: Path = (), hint: str = "") -> None:
        self._problems.error(place, text, path=(*self._path, *path), hint=hint)

    def _exclusive(self, first: str, second: str) -> None:
        one, two = self._get(first), self._get(second)
        if one and two and one.mapping() and two.value:
            self._error(two, f"excludes {first}; a service has only one of them", (second,))

    def _same(self) -> None:
        for old, new in _SAME:
            one, two, around = self._get(*old), self._get(*new), self._get(*new[:-1])
            if one is None or one.tag == BROKEN or (two is not None and two.tag == BROKEN):
                continue
            if two is not None and one.value != two.value:
                text = f"differs from {'.'.join(new)}: {one.value} and {two.value}"
                self._error(one, text, old, "say it in one place")
            elif (
                two is None
                and around is not None
                and isinstance(around.value, dict)
                and one.value
                and old != ("scale",)
            ):
                # Compose takes the absence there for a zero.
                self._error(one, f"must be written as {'.'.join(new)}, beside what is there already", old)

    def _pace(self) -> None:
        """The delay of restarts is that of a job's retries; other containers the engine restarts, at its own pace."""
        around, mode = self._get("deploy", "restart_policy"), self._get("deploy", "mode")
        is_job = self._get("x-fizz", "schedule") is not None or (mode is not None and str(mode.value).endswith("-job"))
        if around is not None and around.get("delay") is not None and not is_job:
            path = (*self._path, "deploy", "restart_policy", "delay")
            self._problems.warn(around.key("delay"), "is not supported yet, but for jobs", path=path)

    def _unique_name(self) -> None:
        name, replicas = self._get("container_name"), self._get("deploy", "replicas") or self._get("scale")
        if name and name.value and replicas and isinstance(replicas.value, int) and replicas.value > 1:
            text = f"names one container, but there are {replicas.value} replicas"
            self._error(name, text, ("container_name",), "remove container_name, or have one replica")

    def _mounts(self) -> None:
        """One thing at one place, whether it is a volume or a tmpfs."""
        seen: dict[str, str] = {}
        for key in ("tmpfs", "volumes"):
            mounts = self._get(key)
            for index, mount in enumerate(mounts.items() if mounts else ()):
                target = mount.get("target") if key == "volumes" else mount
                if target is None or not isinstance(target.value, str):
                    continue
                written = target.value if key == "volumes" else target.value.partition(":")[0]
                cleaned = clean_target(written)
                if cleaned in seen:
                    text = f'mounts something at "{cleaned}", where {seen[cleaned]} is mounted already'
                    self._error(target, text, (key, index))
                seen.setdefault(cleaned, f"{key}[{index}]")

    def _build(self) -> None:
        dockerfile, inline = self._get("build", "dockerfile"), self._get("build", "dockerfile_inline")
        if dockerfile and inline and dockerfile.value and inline.value:
            self._error(inline, "excludes dockerfile; a build has only one of them", ("build", "dockerfile_inline"))
        platform, platforms = self._get("platform"), self._get("build", "platforms")
        given = [item.value for item in platforms.items()] if platforms else []
        if platform and platform.value and platforms and given and platform.value not in given:
            self._error(platforms, f'must include the platform "{platform.value}"', ("build", "platforms"))

    def _health(self) -> None:
        test = self._get("healthcheck", "test")
        first = next(iter(test.items()), None) if test else None
        if first is not None and first.tag != BROKEN and first.value not in {"NONE", "CMD", "CMD-SHELL"}:
            text = f'must begin with CMD, CMD-SHELL or NONE, not "{first.value}"'
            self._error(first, text, ("healthcheck", "test"), 'write ["CMD", ...]')

    def _contexts(self, services: Node) -> None:
        contexts = self._get("build", "additional_contexts")
        for name, context in contexts.mapping().items() if contexts else ():
            if not isinstance(context.value, str) or not context.value.startswith("service:"):
                continue
            other = services.get(context.value.removeprefix("service:"))
            if other is None or other.get("build") is None:
                text = f'must name a service that is built, not "{context.value}"'
                self._error(context, text, ("build", "additional_contexts", name))

    def _watch(self) -> None:
        watch = self._get("develop", "watch")
        for index, rule in enumerate(watch.items() if watch else ()):
            action, target, path = rule.get("action"), rule.get("target"), rule.get("path")
            if path and path.value == "":
                self._error(path, "must not be empty", ("develop", "watch", index, "path"))
            if action and isinstance(action.value, str) and "sync" in action.value and not (target and target.value):
                self._error(action, f'must have the key "target" for {action.value}', ("develop", "watch", index))


def _check_references(name: str, service: Node, tree: Node, problems: Problems, implied: bool) -> None:
    for reference in references(name, service):
        defined = tree.get(reference.kind)
        known = defined.mapping() if defined else {}
        is_default = (reference.kind, reference.name) == ("networks", "default")
        if reference.name in known or (is_default and (implied or reference.path == ("services", name))):
            continue
        word = _SINGULAR[reference.kind]
        hint = suggestion(reference.name, list(known)) or f'define it under "{reference.kind}:" at the top level'
        text = f'refers to the {word} "{reference.name}", which is not defined'
        problems.error(reference.place, text, path=("services", name), hint=hint)


def _check_dependencies(
    enabled: Mapping[str, Node], services: Mapping[str, Node], problems: Problems, implied: bool
) -> None:
    edges: dict[str, list[Dependency]] = {}
    for name, service in enabled.items():
        edges[name] = []
        for dependency in dependencies(name, service, implied=implied):
            other = dependency.name
            if other in enabled:
                edges[name].append(dependency)
            elif other not in services:
                hint = suggestion(other, [known for known in services if known != name])
                written = dependency.path[2:] == ("depends_on",)
                verb, path = ("depends on", ("services", name)) if written else ("names", dependency.path)
                text = f'{verb} the service "{other}", which is not defined'
                problems.error(dependency.place, text, path=path, hint=hint)
            elif dependency.required:
                profiles = services[other].get("profiles")
                names = ", ".join(str(item.value) for item in profiles.items()) if profiles else ""
                text = f'depends on the service "{other}", which no enabled profile includes'
                problems.error(dependency.place, text, path=("services", name), hint=f"enable one of: {names}")
    _check_circles(edges, problems)


def _check_jobs(tree: Node, problems: Problems) -> None:
    """Jobs share their names, and what they may depend on, with services."""
    jobs, services = (tree.get(kind) or Node({}) for kind in ("jobs", "services"))
    for name, job in jobs.mapping().items():
        if name in services.mapping():
            problems.error(jobs.key(name), "is the name of a service already", path=("jobs", name))
        for dependency in dependencies(name, job, implied=False):
            if dependency.name not in {**services.mapping(), **jobs.mapping()}:
                text = f'depends on the service or job "{dependency.name}", which is not defined'
                problems.error(dependency.place, text, path=("jobs", name))


def _check_circles(edges: Mapping[str, list[Dependency]], problems: Problems) -> None:
    """Each circle once: `a -> b -> a`. Depth first with a stack of its own, so that long chains do no harm."""
    finished: set[str] = set()
    for start in edges:
        trail: list[str] = []
        stack = [(start, iter(edges[start]))] if start not in finished else []
        trail.extend(name for name, _ in stack)
        while stack:
            name, rest = stack[-1]
            dependency = next(rest, None)
            if dependency is None:
                finished.add(name)
                stack.pop()
                trail.pop()
            elif dependency.name in trail:
                circle = [*trail[trail.index(dependency.name) :], dependency.name]
                problems.error(dependency.place, f"dependency cycle: {' -> '.join(circle)}")
            elif dependency.name not in finished:
                stack.append((dependency.name, iter(edges[dependency.name])))
                trail.append(dependency.name)


def _check_container_names(enabled: Mapping[str, Node], problems: Problems) -> None:
    seen: dict[object, str] = {}
    for name, service in enabled.items():
        chosen = service.get("container_name")
        if chosen is None or not chosen.value:
            continue
        if chosen.value in seen:
            text = f'"{chosen.value}" is the name of the container of services.{seen[chosen.value]} already'
            problems.error(chosen, text, path=("services", name, "container_name"))
        seen.setdefault(chosen.value, name)


def _check_ports(enabled: Mapping[str, Node], problems: Problems) -> None:
    """One port of the host serves one service, and with `mode: host` one container: compose lets it pass and fails
    later, so here it is a warning.
    """
    seen: dict[tuple[object, ...], str] = {}
    for name, service in enabled.items():
        deploy = service.get("deploy")
        replicas = (deploy.get("replicas") if deploy else None) or service.get("scale")
        several = replicas is not None and isinstance(replicas.value, int) and replicas.value > 1
        ports = service.get("ports")
        for index, port in enumerate(ports.items() if ports else ()):
            published, address, protocol, mode = (port.get(key) for key in ("published", "host_ip", "protocol", "mode"))
            alone = mode is not None and mode.value == "host"
            number = str(published.value) if published else ""
            if not number.isdigit() or number == "0":
                continue
            key = (address.value if address else None, number, protocol.value if protocol else "tcp")
            path: Path = ("services", name, "ports", index)
            if key in seen and seen[key] != name:
                problems.warn(port, f"publishes the port {number}, as services.{seen[key]} does", path=path)
            elif several and alone and replicas is not None:
                text = f"publishes the port {number} of the host, which only one of {replicas.value} replicas can have"
                problems.warn(port, text, path=path)
            seen.setdefault(key, name)


def _is_broken(node: Node) -> bool:
    return any(child.tag == BROKEN for child in node.mapping().values())


def _check_resources(tree: Node, problems: Problems) -> None:
    def each(kind: str, check: Callable[[Path, Node], None]) -> None:
        defined = tree.get(kind)
        for name, node in defined.mapping().items() if defined else ():
            if isinstance(node.value, dict):
                check((kind, name), node)

    def external_alone(path: Path, volume: Node) -> None:
        for key in ("driver", "driver_opts", "labels"):
            if is_external(volume) and volume.get(key) is not None:
                problems.error(volume.key(key), "makes no sense for what is external", path=(*path, key))

    def one_source(*sources: str) -> Callable[[Path, Node], None]:
        def check(path: Path, node: Node) -> None:
            given = [source for source in sources if node.get(source) is not None]
            words = ", ".join(sources)
            if len(given) > 1:
                problems.error(node.key(given[1]), f"must have only one of {words}", path=path)
            elif not given and node.get("external") is None and node.get("driver") is None and not _is_broken(node):
                problems.error(node, f"must have one of {words}, or be external", path=path)

        return check

    each("volumes", external_alone)
    each("secrets", one_source("file", "environment"))
    each("configs", one_source("file", "environment", "content"))


def _check_secrets(tree: Node, problems: Problems) -> None:
    """Compose lets a config without content pass, but not a secret."""
    for name, node in (tree.get("secrets") or Node({})).mapping().items():
        sources = [source for key in ("file", "environment") if (source := node.get(key)) is not None]
        if isinstance(node.value, dict) and not (
            any(source.value for source in sources) or is_external(node) or _is_broken(node)
        ):
            problems.error(node, "must have one of file, environment, or be external", path=("secrets", name))
