"""Deployments, Containers and Services: what would fail at the engine is refused here already, where it is written.

A Container is bound to a node once: `spec.nodeName` may be set, and then neither changed nor taken back.
"""

from collections.abc import Iterable
from typing import Any

from fizz.apiserver.kinds.causes import IMMUTABLE, Cause, forbidden, invalid, required
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON

__all__ = ["CONTAINER", "DEPLOYMENT", "SERVICE", "check_container_spec"]

_NAMED_PIPE = "npipe"


def _check_deployment(obj: JSON) -> Verdict:
    spec = obj["spec"]
    name = obj["metadata"]["name"]
    causes = [
        invalid(f"spec.dependsOn[{index}].name", name, "a Deployment cannot depend on itself")
        for index, dependency in enumerate(spec.get("dependsOn") or ())
        if dependency["name"] == name
    ]
    return Verdict(obj, causes + check_container_spec(spec["template"]["spec"], "spec.template.spec"))


def _check_container(obj: JSON) -> Verdict:
    return Verdict(obj, check_container_spec(obj["spec"], "spec"))


def _check_container_update(old: JSON, new: JSON) -> Verdict:
    bound, wanted = old["spec"].get("nodeName"), new["spec"].get("nodeName")
    causes = [invalid("spec.nodeName", wanted or "", IMMUTABLE)] if bound and wanted != bound else []
    return Verdict(new, causes + check_container_spec(new["spec"], "spec"))


def _check_service(obj: JSON) -> Verdict:
    return Verdict(obj, _check_ranges(obj["spec"].get("ports") or (), "spec.ports"))


def check_container_spec(spec: JSON, field: str) -> list[Cause]:
    """What is wrong with a ContainerSpec."""
    causes = _check_env(spec.get("env") or (), f"{field}.env")
    causes += _check_ranges(spec.get("ports") or (), f"{field}.ports")
    causes += [
        cause
        for index, mount in enumerate(spec.get("mounts") or ())
        if mount["type"] != _NAMED_PIPE
        for cause in _check_target(mount["target"], f"{field}.mounts[{index}].target")
    ]
    for kind in ("secrets", "configs"):
        for index, projection in enumerate(spec.get(kind) or ()):
            causes += _check_target(projection["target"], f"{field}.{kind}[{index}].target")
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        causes += _check_probe(spec, name, f"{field}.{name}")
    return causes


def _check_probe(spec: JSON, name: str, field: str) -> list[Cause]:
    probe = spec.get(name)
    if probe is None:
        return []
    causes: list[Cause] = []
    handlers = [handler for handler in ("httpGet", "tcpSocket", "exec") if probe.get(handler) is not None]
    if not handlers:
        causes.append(required(field, "one of `httpGet`, `tcpSocket` and `exec` must be specified"))
    causes += [forbidden(f"{field}.{handler}", "may not specify more than 1 handler type") for handler in handlers[1:]]
    successes = probe.get("successThreshold", 1)
    if name != "readinessProbe" and successes != 1:
        causes.append(invalid(f"{field}.successThreshold", successes, "must be 1"))
    if spec.get("networkMode") == "none" and handlers and handlers != ["exec"]:
        causes.append(
            forbidden(f"{field}.{handlers[0]}", "a container without a network cannot be reached; use `exec`")
        )
    return causes


def _check_env(env: Iterable[JSON], field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, variable in enumerate(env):
        place = f"{field}[{index}]"
        name = variable["name"]
        if not name:
            causes.append(required(f"{place}.name"))
        elif "=" in name or "\0" in name:
            causes.append(invalid(f"{place}.name", name, "must not contain '=' or a null character"))
        source = variable.get("valueFrom")
        if source is None:
            continue
        if variable.get("value"):
            causes.append(invalid(f"{place}.valueFrom", "", "may not be specified when `value` is not empty"))
        if len(source) != 1:
            detail = "exactly one of `secretKeyRef` and `configMapKeyRef` must be specified"
            causes.append(invalid(f"{place}.valueFrom", "", detail))
    return causes


def _check_ranges(ports: Iterable[dict[str, Any]], field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, port in enumerate(ports):
        first, last = port.get("hostPort"), port.get("hostPortEnd")
        if last is None:
            continue
        place = f"{field}[{index}].hostPortEnd"
        if first is None:
            causes.append(invalid(place, last, "may only be specified together with hostPort"))
        elif last < first:
            causes.append(invalid(place, last, f"must be greater than or equal to hostPort, {first}"))
    return causes


def _check_target(target: str, field: str) -> list[Cause]:
    return [] if target.startswith("/") else [invalid(field, target, "must be an absolute path")]


DEPLOYMENT = Rules(_check_deployment, lambda old, new: _check_deployment(new))
CONTAINER = Rules(_check_container, _check_container_update)
SERVICE = Rules(_check_service, lambda old, new: _check_service(new))
