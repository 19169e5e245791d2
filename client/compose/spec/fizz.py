"""`x-fizz`: what Fizz does beyond compose, said in the compose file, where compose passes over it.

    services:
      web:
        image: nginx
        x-fizz:
          restart_unhealthy: true

There are blocks for services, secrets and the whole project. Unlike other extensions they are checked like everything
else: a key that is none is an error. So is a key whose feature is not built yet, because a file that relies on it would
not do what it says.
"""

from typing import Final

from fizz.client.compose.shapes import (
    Amount,
    Bytes,
    Flag,
    ListOf,
    Loose,
    MapOf,
    Pairs,
    Table,
    Text,
    Whole,
    missing,
    yes,
)
from fizz.client.compose.spec.jobs import JOB, SCHEDULE
from fizz.client.compose.spec.probes import PROBES

__all__ = ["PROJECT_BLOCK", "SECRET_BLOCK", "SERVICE_BLOCK"]

_OWNER: Final = "x-fizz"
_PORT: Final = Whole(1, 65535)

_UPDATE: Final = Table(
    {
        "order": yes(Text(choices=("start-first", "stop-first")), "which of the two goes first"),
        "max_surge": yes(Loose(), "replicas beyond the wanted number, or a percentage"),
        "max_unavailable": yes(Loose(), "replicas that may be missing meanwhile, or a percentage"),
    },
    owner=_OWNER,
)

_PLACEMENT: Final = Table(
    {
        "nodes": yes(Pairs(), "labels that the node must have"),
        "spread": yes(ListOf(Text(), single=True), "labels over whose values replicas are spread"),
        "apart_from": yes(ListOf(Text(), single=True), "services that must not be on the same node"),
        "together_with": yes(ListOf(Text(), single=True), "services that must be on the same node"),
    },
    owner=_OWNER,
)


_INGRESS: Final = ListOf(
    Table(
        {
            "host": yes(Text(), "name that clients ask for"),
            "path": yes(Text(), "beginning of the path, / if absent"),
            "port": yes(_PORT, "port in the container"),
            "tls": yes(Flag(), "whether TLS ends at the ingress"),
        },
        required=("port",),
        owner=_OWNER,
    ),
    duplicates="keep",
)

_DATABASE: Final = Table(
    {
        "engine": yes(Text(choices=("postgres", "mariadb", "redis")), "kind of database"),
        "version": yes(Loose(), "version of it"),
        "storage": yes(Bytes(), "size of the volume"),
        "replicas": yes(Whole(1, 16), "primary and copies"),
        "cpus": yes(Amount(), "processors at most"),
        "memory": yes(Bytes(), "memory at most"),
        "databases": yes(ListOf(Text()), "databases that are made"),
        "users": yes(ListOf(Text()), "users that are made, with generated passwords"),
        "parameters": yes(Pairs(), "settings of the engine"),
        "backup": yes(
            Table(
                {
                    "schedule": yes(Text(), "when, in the five fields of cron"),
                    "retention": yes(Whole(1), "backups that are kept"),
                    "volume": yes(Text(), "volume that they go to"),
                },
                owner=_OWNER,
            ),
            "backups",
        ),
        "deletion_policy": yes(Text(choices=("delete", "retain")), "what becomes of the data"),
    },
    required=("engine",),
    owner=_OWNER,
)

_SCOPE: Final = ListOf(Text(), single=True)

SERVICE_BLOCK: Final = Table(
    {
        "restart_unhealthy": yes(Flag(), "restartUnhealthy; if absent, where `restart` restarts what crashes"),
        "probe": yes(PROBES, "probes of the node agent, besides the health check"),
        "update": yes(_UPDATE, "updateStrategy of the Deployment; goes before `deploy.update_config`"),
        "placement": missing(_PLACEMENT, "on which nodes"),
        "schedule": yes(SCHEDULE, "the service becomes a CronJob: it runs at these times only"),
        "job": yes(JOB, "more about a job: a service with `schedule`, or with `deploy.mode` of a job"),
        "ingress": missing(_INGRESS, "reached by name over HTTP"),
        "on_secret_change": missing(Text(choices=("restart", "keep")), "what if a secret has changed"),
        "env_from_secret": missing(Pairs(absent=None, tight=True), "variables from secrets, as NAME: secret"),
    },
    nullable=True,
    owner=_OWNER,
)

SECRET_BLOCK: Final = Table(
    {"scope": missing(_SCOPE, "services that may use it; all of the project if absent")}, nullable=True, owner=_OWNER
)

PROJECT_BLOCK: Final = Table(
    {
        "database": missing(
            MapOf(_DATABASE, names=r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"), "databases that Fizz runs, by name"
        ),
        "secret_scope": missing(MapOf(_SCOPE), "services that may use a secret, by its name"),
        "placement": missing(_PLACEMENT, "on which nodes, for services that do not say it"),
    },
    nullable=True,
    owner=_OWNER,
)
