"""`deploy`: how many, with which resources, restarted when. What only Docker Swarm can do has no effect."""

from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import (
    Amount,
    Bytes,
    Duration,
    ListOf,
    Pairs,
    Reader,
    Table,
    Text,
    Whole,
    ignored,
    later,
    yes,
)
from fizz.client.compose.spec.devices import DEVICE_REQUESTS

__all__ = ["DEPLOY"]

_ORDER: Final = Text(choices=("start-first", "stop-first"))
_FAILURE_ACTION: Final = Text(runs="^(continue|pause|rollback)$", form="one of continue, pause, rollback")

_MODE: Final = Text(
    runs="^(replicated|global|replicated-job|global-job)$",
    form="one of replicated, global, replicated-job, global-job",
)


class _Delay(Duration):
    """A duration that says nothing if it is zero."""

    def dump(self, node: Node) -> object:
        return None if node.value == "0s" else node.value


_UPDATE: Final = Table(
    {
        "parallelism": yes(Whole(0), "replicas at a time; 0 means all, a quarter if absent", keep=True),
        "delay": yes(_Delay(), "time between batches"),
        "failure_action": yes(_FAILURE_ACTION, "pause if absent"),
        "monitor": yes(_Delay(), "time that a new replica must stay ready"),
        "max_failure_ratio": yes(Amount(), "share of the replicas that may fail"),
        "order": yes(_ORDER, "if absent, start-first where two of a kind do not get in each other's way"),
    }
)


def _with_both(node: Node, path: Path, reader: Reader) -> Node:
    return node.with_value({"kind": node.with_value(""), "value": node.with_value(0), **node.mapping()})


_GENERIC: Final = ListOf(
    Table(
        {
            "discrete_resource_spec": yes(
                Table(
                    {"kind": yes(Text(), "what", keep=True), "value": yes(Whole(floats=True), "how many", keep=True)},
                    finish=_with_both,
                )
            )
        }
    ),
    duplicates="keep",
)

_LIMITS: Final = Table(
    {
        "cpus": yes(Amount(single=True), "resources.limits.cpu"),
        "memory": yes(Bytes(numbers=False), "resources.limits.memory"),
        "pids": yes(Whole(), "resources.limits.pids"),
    }
)
_RESERVATIONS: Final = Table(
    {
        "cpus": yes(Amount(single=True), "resources.requests.cpu; kept for the scheduler"),
        "memory": yes(Bytes(numbers=False), "resources.requests.memory"),
        "generic_resources": yes(_GENERIC, "resources.requests.genericResources; kept for the scheduler"),
        "devices": yes(DEVICE_REQUESTS, "deviceRequests"),
    }
)

_RESTART: Final = Table(
    {
        "condition": yes(Text(), "any, on-failure, none; goes before `restart`"),
        "delay": yes(Duration(), "retryDelay of a Job; carried in spec.restarts of a Deployment"),
        "max_attempts": yes(Whole(0), "maximumRetryCount; backoffLimit of a Job", keep=True),
        "window": later(Duration(), "carried in spec.restarts of the Deployment"),
    }
)

_PLACEMENT: Final = Table(
    {
        "constraints": yes(ListOf(Text(), duplicates="keep")),
        "preferences": yes(ListOf(Table({"spread": yes(Text())}), duplicates="keep")),
        "max_replicas_per_node": yes(Whole(0)),
    }
)

_SWARM: Final = "a matter of Docker Swarm"

DEPLOY: Final = Table(
    {
        "mode": yes(_MODE, "replicated-job and global-job become a Job, the others a Deployment"),
        "endpoint_mode": ignored(Text(), _SWARM),
        "replicas": yes(
            Whole(0, runs=(0, 10_000)), "spec.replicas of the Deployment; how often a job must succeed", keep=True
        ),
        "labels": yes(Pairs(), "labels of the Deployment, where Kubernetes allows them"),
        "rollback_config": yes(_UPDATE, "rollbackStrategy of the Deployment", keep=True),
        "update_config": yes(_UPDATE, "updateStrategy of the Deployment", keep=True),
        "resources": yes(Table({"limits": yes(_LIMITS, keep=True), "reservations": yes(_RESERVATIONS, keep=True)})),
        "restart_policy": yes(_RESTART, keep=True),
        "placement": ignored(_PLACEMENT, _SWARM),
    },
    nullable=True,
)
