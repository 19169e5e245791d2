"""What `fizz run` runs: one container made as a service's are, with what was said otherwise. Pure.

From the flags comes a service as a compose file would write it, so that `-v`, `-p` and the others are read by the
same rules and refused with the same words; it is laid over the service of the project. From the service's Deployment,
or Job, comes the Container: without a restart policy, without the service's ports and names, and of no Deployment.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fizz.schemas import labels
from fizz.schemas.names import to_name
from fizz.schemas.types import JSON

__all__ = ["OneOff", "container_of", "laid_over", "written"]

_WORKLOADS: Final = {
    "Deployment": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}
"""Where the template of the containers is, in the spec of each kind."""
_LEFT_OUT: Final = ("restartPolicy", "restartUnhealthy", "containerName", "desiredState", "nodeName")


@dataclass(frozen=True, slots=True)
class OneOff:
    """What was said. `command` empty means the service's own, unless an `entrypoint` is given."""

    command: tuple[str, ...] = ()
    entrypoint: str | None = None
    environment: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    user: str | None = None
    working_dir: str | None = None
    volumes: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    service_ports: bool = False
    use_aliases: bool = False
    interactive: bool = True
    tty: bool = False
    remove: bool = False

    @property
    def names_volumes(self) -> bool:
        """Whether a volume is meant that the project may have, and not a folder."""
        return any(text.partition(":")[0][:1] not in {"/", ".", "~"} for text in self.volumes if ":" in text)


def written(said: OneOff, volumes: Sequence[str]) -> JSON:
    """A compose file that says the same. `volumes` are those that the project declares."""
    service: dict[str, Any] = {"image": "scratch"}
    lists = {"environment": said.environment, "labels": said.labels, "volumes": said.volumes, "ports": said.publish}
    lists |= {"cap_add": said.cap_add, "cap_drop": said.cap_drop}
    # What was typed has been through a shell: a $ that is left is meant.
    service |= {key: [each.replace("$", "$$") for each in value] for key, value in lists.items() if value}
    return {"services": {"run": service}, "volumes": {name: {} for name in volumes}}


def laid_over(service: Mapping[str, Any], over: Mapping[str, Any], said: OneOff) -> dict[str, Any]:
    """The service as it is to run: both in canonical form."""
    found = dict(service)
    for key in ("environment", "labels"):
        found[key] = {**(service.get(key) or {}), **(over.get(key) or {})}
    for key in ("cap_add", "cap_drop"):
        found[key] = list(dict.fromkeys([*(service.get(key) or ()), *(over.get(key) or ())]))
    targets = {mount["target"] for mount in over.get("volumes") or ()}
    kept = [mount for mount in service.get("volumes") or () if mount["target"] not in targets]
    found["volumes"] = [*kept, *(over.get("volumes") or ())]
    found["ports"] = [*((service.get("ports") or ()) if said.service_ports else ()), *(over.get("ports") or ())]
    if said.entrypoint is not None:
        found["entrypoint"] = shlex.split(said.entrypoint)
        found["command"] = list(said.command)
    elif said.command:
        found["command"] = list(said.command)
    if said.user is not None:
        found["user"] = said.user
    if said.working_dir is not None:
        found["working_dir"] = said.working_dir
    return found


def container_of(workload: JSON, project: str, service: str, slug: str, said: OneOff, name: str = "") -> JSON:
    """The Container. `slug` tells it from others of the service; `name` is the engine's name for it, else compose's."""
    template = workload["spec"]
    for step in _WORKLOADS[workload["kind"]]:
        template = template[step]
    spec = {key: value for key, value in template["spec"].items() if key not in _LEFT_OUT}
    spec["containerName"] = name or f"{project}-{service}-run-{slug}"
    spec["tty"], spec["stdinOpen"], spec["stdinOnce"] = said.tty, said.interactive, said.interactive
    if not said.use_aliases and "networks" in spec:
        spec["networks"] = [
            {key: value for key, value in network.items() if key != "aliases"} for network in spec["networks"]
        ]
    meta = template.get("metadata") or {}
    inherited = {key: workload["metadata"]["labels"][key] for key in (labels.PROJECT, labels.SERVICE)}
    annotations = {
        **(meta.get("annotations") or {}),
        **({labels.USE_ALIASES: "true"} if said.use_aliases else {}),
        **({labels.REMOVE_WHEN_ENDED: "true", labels.REMOVE_VOLUMES: "true"} if said.remove else {}),
    }
    metadata = {
        "name": f"{to_name(service)}-run-{slug}",
        "namespace": workload["metadata"]["namespace"],
        "labels": {**(meta.get("labels") or {}), **inherited, labels.MANAGED_BY: "fizz", labels.ONEOFF: "true"},
        "finalizers": [labels.FINALIZER_NODE],
        **({"annotations": annotations} if annotations else {}),
    }
    return {"apiVersion": "fizz.dev/v1", "kind": "Container", "metadata": metadata, "spec": spec}
