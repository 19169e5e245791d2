"""Services and the project as a whole."""

from typing import Any, Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import (
    FilePath,
    Flag,
    Key,
    ListOf,
    Loose,
    MapOf,
    Pairs,
    Reader,
    Shape,
    Table,
    Text,
    Whole,
    ignored,
    later,
    refused,
    yes,
)
from fizz.client.compose.shapes.base import JSON, either
from fizz.client.compose.spec.build import BUILD
from fizz.client.compose.spec.commands import Command
from fizz.client.compose.spec.container import CONTAINER, WORKLOAD
from fizz.client.compose.spec.deploy import DEPLOY
from fizz.client.compose.spec.files import CONFIGS, NAMES, SECRETS
from fizz.client.compose.spec.fizz import PROJECT_BLOCK, SERVICE_BLOCK
from fizz.client.compose.spec.ports import PORTS
from fizz.client.compose.spec.resources import MODELS, NETWORKS, VOLUMES

__all__ = ["PRE_START", "PROJECT", "SERVICE"]

_CONDITIONS: Final = ("service_started", "service_healthy", "service_completed_successfully")

_DEPENDENCY: Final = Table(
    {
        "condition": yes(Text(choices=_CONDITIONS), "Started, Healthy, CompletedSuccessfully"),
        "restart": yes(Flag(), "restarted when the dependency is"),
        "required": yes(Flag(), "false: may be missing", keep=True),
    },
    required=("condition",),
    finish=lambda node, path, reader: node.with_value({"required": node.with_value(True), **node.mapping()}),
)


def _started(node: Node) -> Node:
    condition = Node("service_started", node.file, node.line, node.column)
    return Node({"condition": condition}, node.file, node.line, node.column)


_HOOK_ENVIRONMENT: Final = Pairs(absent=None, tight=True, duplicates="error")
_HOOK: Final = Table(
    {
        "command": yes(Command(), "what is run in the container", keep=True),
        "user": yes(Text(), "who runs it"),
        "privileged": yes(Flag(), "with all rights"),
        "working_dir": yes(Text(), "folder in which it starts"),
        "environment": yes(_HOOK_ENVIRONMENT, "variables besides the container's"),
    },
    required=("command",),
)
_HOOKS: Final = ListOf(_HOOK, duplicates="keep")

PRE_START: Final = Table({**CONTAINER, "per_replica": yes(Flag())})

_PATTERNS: Final = ListOf(Text(), single=True, duplicates="error")
_WATCH: Final = Table(
    {
        "path": yes(FilePath(), "what is watched"),
        "action": yes(Text(choices=("rebuild", "sync", "restart", "sync+restart", "sync+exec")), "what is done"),
        "target": yes(Text(), "where files go in the containers"),
        "ignore": yes(_PATTERNS, "patterns as in .dockerignore"),
        "include": yes(_PATTERNS, "patterns as in .dockerignore"),
        "exec": yes(_HOOK),
        "initial_sync": yes(Flag(strict=True), "all files are copied at the start"),
    },
    required=("path", "action"),
)


_DEVELOP: Final = Table({"watch": yes(ListOf(_WATCH, duplicates="keep"))}, nullable=True)


class _ProviderOption(Shape):
    """One or several values; printed as a list of texts. Lists of two files add up, single values are replaced."""

    def __init__(self) -> None:
        self._one = Loose(booleans=True)
        self._list = ListOf(self._one, duplicates="keep")

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        return (self._list if isinstance(node.value, list) else self._one).read(node, path, reader)

    def schema(self) -> JSON:
        return either(self._one.schema(), self._list.schema())

    def merge(self, base: Node, over: Node) -> Node:
        both = isinstance(base.value, list) and isinstance(over.value, list)
        return self._list.merge(base, over) if both else over

    def dump(self, node: Node) -> Any:
        return self._list.dump(node) if isinstance(node.value, list) else [node.value]


class _ProviderOptions(MapOf):
    """Options by name; one without values says nothing."""

    def dump(self, node: Node) -> Any:
        return {name: values for name, values in super().dump(node).items() if values}


_PROVIDER: Final = Table({"type": yes(Text()), "options": yes(_ProviderOptions(_ProviderOption()))}, required=("type",))


def _extends(node: Node, path: Path, reader: Reader) -> Node | None:
    return Node({"service": node}, node.file, node.line, node.column, keys={"service": node})


_SERVICE_KEYS: Final[dict[str, Key]] = {
    **CONTAINER,
    **WORKLOAD,
    "build": yes(BUILD, "the image, made by `fizz build` and `fizz up`", keep=True),
    "depends_on": yes(MapOf(_DEPENDENCY, names=NAMES, from_list=_started), "spec.dependsOn of the Deployment"),
    "ports": yes(PORTS),
    "deploy": yes(DEPLOY, keep=True),
    "develop": yes(
        Table({"watch": yes(ListOf(_WATCH, duplicates="keep"))}, nullable=True),
        "`fizz develop` and `fizz up --watch`",
        keep=True,
    ),
    "profiles": yes(ListOf(Text()), "the service is there if one of them is enabled"),
    "restart": yes(
        Text(
            runs=r"^(|no|always|unless-stopped|on-failure(:[0-9]{1,9})?)$",
            form="no, always, unless-stopped, on-failure or on-failure:<number>",
        ),
        "restartPolicy",
    ),
    "scale": yes(Whole(0, runs=(0, 10_000)), "spec.replicas of the Deployment", keep=True),
    "attach": yes(Flag(), "false: `fizz up` does not show what it writes", keep=True),
    "container_name": yes(
        Text(
            pattern=r"[a-zA-Z0-9][a-zA-Z0-9_.-]+",
            runs=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$",
            form="two or more letters, digits, dashes, dots or underscores",
        ),
        "containerName",
    ),
    "provider": refused(_PROVIDER, "not available yet"),
    "extends": yes(
        Table(
            {"service": yes(Text(), "the other service"), "file": yes(Text(), "the file that has it")},
            short=_extends,
            required=("service",),
            lenient=True,
            wanted="the name of a service, or a mapping",
        ),
        "resolved when the project is loaded",
    ),
    "links": yes(ListOf(Text()), "links"),
    "external_links": yes(ListOf(Text(), duplicates="error"), "links to containers that are not of the project"),
    "pre_start": refused(ListOf(PRE_START, duplicates="keep"), "not available yet"),
    "post_start": yes(_HOOKS, "postStart"),
    "pre_stop": yes(_HOOKS, "preStop"),
    "x-fizz": yes(SERVICE_BLOCK, "what Fizz does beyond compose"),
}

SERVICE: Final = Table(_SERVICE_KEYS, nullable=True)


def _schedule(node: Node, path: Path, reader: Reader) -> Node | None:
    return Node({"cron": node}, node.file, node.line, node.column, keys={"cron": node})


_TRIGGERS: Final = Table(
    {
        "manual": yes(Flag()),
        "schedule": yes(
            ListOf(
                Table(
                    {
                        "cron": yes(Text()),
                        "timezone": yes(Text()),
                        "concurrency": yes(Text(choices=("forbid", "queue"))),
                        "missed_fires": yes(Text(choices=("one", "skip"))),
                    },
                    short=_schedule,
                    required=("cron",),
                ),
                duplicates="keep",
            )
        ),
    }
)

_JOB: Final = Table(
    {
        **{name: _SERVICE_KEYS[name] for name in (*CONTAINER, *WORKLOAD, "build", "depends_on", "ports", "profiles")},
        "triggers": yes(_TRIGGERS),
    },
    required=("triggers",),
)


class _Services(MapOf):
    """Services by name."""

    yields = False


_INCLUDE: Final = Table(
    {
        "path": yes(ListOf(Text(), single=True, duplicates="keep"), "files, merged with one another"),
        "env_file": yes(ListOf(Text(), single=True, duplicates="keep"), "variables for these files"),
        "project_directory": yes(Text(), "where relative paths start"),
    },
    short=lambda node, path, reader: Node({"path": node}, node.file, node.line, node.column),
    nullable=True,
    lenient=True,
    wanted="a path, or a mapping",
)

PROJECT: Final = Table(
    {
        "version": ignored(Text(), "obsolete"),
        "name": yes(Text(), "name of the project"),
        "include": yes(ListOf(_INCLUDE, duplicates="keep"), "loaded with the project"),
        "services": yes(_Services(SERVICE, names=NAMES), "Deployment and Service", keep=True),
        "networks": yes(NETWORKS, "Network"),
        "volumes": yes(VOLUMES, "Volume"),
        "secrets": yes(SECRETS, "Secret"),
        "configs": yes(CONFIGS, "ConfigMap"),
        "models": refused(MODELS, "not available yet, where a service uses one"),
        "jobs": later(MapOf(_JOB, names=NAMES)),
        "x-fizz": yes(PROJECT_BLOCK, "what Fizz does beyond compose"),
    },
)
