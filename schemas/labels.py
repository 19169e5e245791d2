"""Labels, annotations and finalizers that Fizz gives a meaning to. The one place where they are spelled."""

from typing import Final

__all__ = [
    "ADOPTS",
    "ATTEMPT",
    "COMPLETION",
    "COMPOSE_CONFIG_FILES",
    "COMPOSE_CONFIG_HASH",
    "COMPOSE_CONTAINER_NUMBER",
    "COMPOSE_IMAGE",
    "COMPOSE_NETWORK",
    "COMPOSE_ONEOFF",
    "COMPOSE_PROJECT",
    "COMPOSE_SERVICE",
    "COMPOSE_VERSION",
    "COMPOSE_VOLUME",
    "COMPOSE_WORKING_DIR",
    "CONTAINER",
    "CONTENTS",
    "CRON_JOB",
    "DEPLOYMENT",
    "FINALIZER_NODE",
    "FINALIZER_ORDERED_STOP",
    "HAND_OVER",
    "INHERITED_VOLUMES",
    "JOB",
    "MANAGED_BY",
    "NAMESPACE",
    "NETWORK",
    "NODE",
    "ONEOFF",
    "ORDINAL",
    "PROJECT",
    "RELEASED_IN",
    "RELEASES_OF",
    "REMOVE_VOLUMES",
    "REMOVE_WHEN_ENDED",
    "REPLACES",
    "RESTARTED_AT",
    "REVISION_OF",
    "ROLLED_BACK",
    "RUN_AT",
    "SCHEDULED_AT",
    "SERVER",
    "SERVICE",
    "SPEC_HASH",
    "STARTED_AFTER",
    "STOP_GRACE",
    "TEMPLATE_HASH",
    "UID",
    "USE_ALIASES",
    "VOLUME",
    "VOLUMES_RENEWED_AT",
]

PROJECT: Final = "fizz.dev/project"
"""On every object that came from a compose file: the project's name as written there."""
SERVICE: Final = "fizz.dev/service"
"""On Deployments, Services and Containers from a compose file: the service's name as written there."""
DEPLOYMENT: Final = "fizz.dev/deployment"
"""On Containers and engine containers: the Deployment's name."""
JOB: Final = "fizz.dev/job"
"""On Containers and engine containers: the Job's name."""
COMPLETION: Final = "fizz.dev/completion"
"""On Containers of Jobs: which completion it works for: a number from 0, or the name of a node."""
ATTEMPT: Final = "fizz.dev/attempt"
"""On Containers of Jobs: how often the completion had failed before."""
CRON_JOB: Final = "fizz.dev/cron-job"
"""On Jobs and their Containers: the CronJob's name."""
SCHEDULED_AT: Final = "fizz.dev/scheduled-at"
"""Annotation on Jobs: the time of the CronJob's schedule for which it was made; none if a person made it."""
RUN_AT: Final = "fizz.dev/run-at"
"""Annotation in a Job's template: when a person last had it run again."""
ORDINAL: Final = "fizz.dev/ordinal"
"""On Containers: which replica it is, from 0."""
ONEOFF: Final = "fizz.dev/oneoff"
"""On Containers that `fizz run` made: `true`. They are of a service, and none of its replicas."""
REMOVE_WHEN_ENDED: Final = "fizz.dev/remove-when-ended"
"""Annotation on Containers: `true` if it goes as soon as its program has ended for good."""
USE_ALIASES: Final = "fizz.dev/use-aliases"
"""Annotation on Containers that `fizz run` made: `true` if it has the service's names in its networks, too."""
TEMPLATE_HASH: Final = "fizz.dev/template-hash"
"""On Containers: hash of the template that it was made from."""
RESTARTED_AT: Final = "fizz.dev/restarted-at"
"""Annotation on Containers: whenever it changes, the engine's container is stopped and started again. On Deployments:
the same for all Containers that have an earlier time, or none; a few at a time.
"""
STOP_GRACE: Final = "fizz.dev/stop-grace-seconds"
"""Annotation on Deployments and Containers: the seconds that a container gets to end when it is stopped or restarted,
if not its own. 0 kills it at once.
"""
STARTED_AFTER: Final = "fizz.dev/started-after"
"""Annotation on Containers that follow restarts: the first Containers of what they depend on, by uid."""
CONTENTS: Final = "fizz.dev/contents"
"""Annotation on Containers: the contents of Secrets and ConfigMaps that it was made with, as hashes, in JSON."""
ROLLED_BACK: Final = "fizz.dev/rolled-back"
"""An annotation on Deployments whose last update was undone: from which template to which, and why, as JSON."""
INHERITED_VOLUMES: Final = "fizz.dev/inherited-volumes"
"""Annotation on Containers that follow another one in its place: the anonymous volumes of that one, as JSON."""
HAND_OVER: Final = "fizz.dev/hand-over"
"""Annotation on Networks and Volumes that are being deleted: "true" if another object follows that has the same of the
engine; so nobody who uses it has to go before."""
VOLUMES_RENEWED_AT: Final = "fizz.dev/volumes-renewed-at"
"""Annotation on templates and their Containers: anonymous volumes pass only between Containers where it is the same."""
REMOVE_VOLUMES: Final = "fizz.dev/remove-volumes"
"""Annotation on Deployments and Containers that are about to be deleted: "true" if their anonymous volumes go, too."""
RELEASES_OF: Final = "fizz.dev/releases-of"
"""On what is kept for Releases besides them, the revisions and their key: the project's name as written in its file."""
REVISION_OF: Final = "fizz.dev/revision-of"
"""On revisions: the name of the Secret or ConfigMap whose content it keeps."""
RELEASED_IN: Final = "fizz.dev/released-in"
"""Annotation on revisions: the newest Release that has it. Written with each, so that nobody removes it meanwhile."""
ADOPTS: Final = "fizz.dev/adopts"
"""Annotation on Containers, Networks and Volumes: the engine's object that somebody else made and that is this one, as
it is; its id, of volumes the name. The engine's labels cannot be changed, so ours are thought onto it."""
REPLACES: Final = "fizz.dev/replaces"
"""Annotation on Containers: the same of an engine's container that is to go, because it is not as it is wanted."""
MANAGED_BY: Final = "app.kubernetes.io/managed-by"

# On the engine's containers, networks and volumes:
NAMESPACE: Final = "fizz.dev/namespace"
CONTAINER: Final = "fizz.dev/container"
NETWORK: Final = "fizz.dev/network"
VOLUME: Final = "fizz.dev/volume"
UID: Final = "fizz.dev/uid"
NODE: Final = "fizz.dev/node"
SPEC_HASH: Final = "fizz.dev/spec-hash"
SERVER: Final = "fizz.dev/server"
"""Which cluster the object belongs to: the uid of its Namespace `fizz-system`. Several may share an engine."""

COMPOSE_PROJECT: Final = "com.docker.compose.project"
COMPOSE_SERVICE: Final = "com.docker.compose.service"
COMPOSE_CONTAINER_NUMBER: Final = "com.docker.compose.container-number"
COMPOSE_ONEOFF: Final = "com.docker.compose.oneoff"
COMPOSE_CONFIG_HASH: Final = "com.docker.compose.config-hash"
COMPOSE_IMAGE: Final = "com.docker.compose.image"
COMPOSE_NETWORK: Final = "com.docker.compose.network"
COMPOSE_VOLUME: Final = "com.docker.compose.volume"
COMPOSE_CONFIG_FILES: Final = "com.docker.compose.project.config_files"
COMPOSE_WORKING_DIR: Final = "com.docker.compose.project.working_dir"
COMPOSE_VERSION: Final = "com.docker.compose.version"

FINALIZER_ORDERED_STOP: Final = "fizz.dev/ordered-stop"
"""On Deployments: its containers are stopped before those of the Deployments that it depends on."""
FINALIZER_NODE: Final = "fizz.dev/node"
"""On Containers, Networks and Volumes: the agent removes the engine's object first."""
