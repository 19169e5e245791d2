"""Deployments and Services, Jobs and CronJobs: what the services of a project become."""

from collections.abc import Sequence
from typing import Any, Final

from fizz.client.compose.project import Project
from fizz.client.compose.translate.containers import container_spec
from fizz.client.compose.translate.jobs import is_job, translate_job
from fizz.client.compose.translate.meta import Scope
from fizz.client.compose.translate.ports import service_ports
from fizz.client.compose.translate.resources import given
from fizz.client.compose.translate.security import translate_security
from fizz.schemas.apps import (
    Dependency,
    Deployment,
    DeploymentSpec,
    Restarts,
    Service,
    ServiceSpec,
    Template,
    TemplateMeta,
)
from fizz.schemas.jobs import CronJob, Job
from fizz.schemas.meta import Object
from fizz.schemas.names import check_label_key, check_label_value, to_name
from fizz.schemas.strategy import UpdateStrategy

__all__ = ["translate_deployments"]

JSON = dict[str, Any]

_CONDITIONS: Final = {
    "service_started": "Started",
    "service_healthy": "Healthy",
    "service_completed_successfully": "CompletedSuccessfully",
}
_ORDERS: Final = {"start-first": "StartFirst", "stop-first": "StopFirst"}


def translate_deployments(scope: Scope, project: Project) -> list[Object]:
    """A Service for each service that keeps running, then a Deployment, Job or CronJob for each. A service that a
    provider runs becomes nothing.

    Raises `TranslateError` for files of `security_opt` that cannot be read.
    """
    services = {name: service for name, service in project.services.items() if not service.get("provider")}
    security = translate_security(project)
    return [
        *(_service(scope, name, service) for name, service in services.items() if not is_job(service)),
        *(_workload(scope, name, service, project.model, security.get(name, ())) for name, service in services.items()),
    ]


def _service(scope: Scope, name: str, service: JSON) -> Service:
    own = to_name(name)
    ports = service_ports(service)
    aliases = [name] if name != own else None
    return Service(
        metadata=scope.meta(name, name),
        spec=ServiceSpec(deployment=own, **given(ports=ports or None, aliases=aliases)),
    )


def _workload(
    scope: Scope, name: str, service: JSON, model: JSON, security: Sequence[str]
) -> Deployment | Job | CronJob:
    deploy = service.get("deploy") or {}
    meta = scope.meta(name, name)
    allowed, others = _split_labels(deploy.get("labels") or {})
    meta.labels = {**allowed, **scope.labels(name)}
    if others:
        meta.annotations = others
    template = Template(
        metadata=TemplateMeta(labels=scope.labels(name)),
        spec=container_spec(scope.project, name, service, model, security),
    )
    if is_job(service):
        return translate_job(meta, service, template, _dependencies(service))
    return Deployment(
        metadata=meta,
        spec=DeploymentSpec(
            replicas=deploy.get("replicas", service.get("scale", 1)),
            template=template,
            **given(
                depends_on=_dependencies(service) or None,
                update_strategy=_strategy(deploy.get("update_config"), (service.get("x-fizz") or {}).get("update")),
                rollback_strategy=_strategy(deploy.get("rollback_config")),
                restarts=_restarts(deploy.get("restart_policy")),
            ),
        ),
    )


def _dependencies(service: JSON) -> list[Dependency]:
    return [
        Dependency(
            name=to_name(other),
            condition=_CONDITIONS[needed["condition"]],
            **given(required=None if needed.get("required", True) else False, restart=needed.get("restart")),
        )
        for other, needed in service.get("depends_on", {}).items()
    ]


def _strategy(config: JSON | None, more: JSON | None = None) -> UpdateStrategy | None:
    """`update_config` or `rollback_config`, and what `x-fizz` says beyond it."""
    if not config and not more:
        return None
    config, more = config or {}, more or {}
    action = config.get("failure_action")
    return UpdateStrategy(
        **given(
            order=_ORDERS.get(more.get("order") or config.get("order", "")),
            max_surge=more.get("max_surge"),
            max_unavailable=more.get("max_unavailable"),
            parallelism=config.get("parallelism"),
            delay=config.get("delay"),
            monitor=config.get("monitor"),
            max_failure_ratio=config.get("max_failure_ratio"),
            failure_action=action.capitalize() if action else None,
        )
    )


def _restarts(policy: JSON | None) -> Restarts | None:
    found = given(**{key: (policy or {}).get(key) for key in ("delay", "window", "max_attempts")})
    return Restarts(**found) if found else None


def _split_labels(labels: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Labels that Kubernetes allows, and those whose value it allows only in an annotation."""
    keys = [key for key in labels if not check_label_key(key)]
    allowed = {key: labels[key] for key in keys if not check_label_value(labels[key])}
    return allowed, {key: labels[key] for key in keys if key not in allowed}
