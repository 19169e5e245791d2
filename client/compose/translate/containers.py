"""ContainerSpec: everything that a service says about its containers."""

from typing import Any, Final

from fizz.client.compose.translate.contents import content_key, object_name
from fizz.client.compose.translate.mounts import translate_mounts
from fizz.client.compose.translate.ports import container_ports
from fizz.client.compose.translate.resources import given
from fizz.schemas.container import (
    ContainerSpec,
    EnvVar,
    ExtraHost,
    FileProjection,
    Healthcheck,
    NetworkAttachment,
    ResourceList,
    Resources,
    RestartPolicy,
    Ulimit,
)
from fizz.schemas.names import to_label_value, to_name
from fizz.schemas.quantity import format_binary

__all__ = ["container_spec", "restart_policy"]

JSON = dict[str, Any]

_AS_WRITTEN: Final = (
    "platform", "container_name", "entrypoint", "command", "working_dir", "user", "labels", "stop_signal",
    "stop_grace_period", "hostname", "domainname", "init", "tty", "stdin_open", "privileged", "read_only", "cap_add",
    "cap_drop", "group_add", "security_opt", "sysctls", "dns", "dns_search", "dns_opt",
)  # fmt: skip
_PULL_POLICIES: Final = {"always", "never", "missing", "build", "daily", "weekly"}
_FOLDERS: Final = {"secrets": "/run/secrets/", "configs": "/"}


def container_spec(project: str, name: str, service: JSON, model: JSON) -> ContainerSpec:
    """The spec of the containers of a service. What the file does not say is not set."""
    return ContainerSpec(
        image=service.get("image") or f"{project}-{name}",
        **given(
            pull_policy=_pull_policy(service),
            network_mode=_network_mode(project, service, model),
            env=_env(service.get("environment") or {}) or None,
            ports=container_ports(service) or None,
            mounts=translate_mounts(service) or None,
            secrets=_files("secrets", service, model) or None,
            configs=_files("configs", service, model) or None,
            networks=_networks(name, service) or None,
            healthcheck=_healthcheck(service.get("healthcheck")),
            restart_policy=restart_policy(service),
            resources=_resources(service),
            ulimits=_ulimits(service.get("ulimits") or {}) or None,
            extra_hosts=_extra_hosts(service.get("extra_hosts") or []) or None,
            **{key: service.get(key) for key in _AS_WRITTEN},
        ),
    )


def _network_mode(project: str, service: JSON, model: JSON) -> str | None:
    """`service:NAME` becomes the engine's name of the first container of that service."""
    mode = service.get("network_mode")
    if mode is None or not mode.startswith("service:"):
        return mode
    other = mode.removeprefix("service:")
    chosen = model["services"].get(other, {}).get("container_name")
    return f"container:{chosen or f'{to_label_value(project)}-{to_label_value(other)}-1'}"


def _pull_policy(service: JSON) -> str | None:
    policy = service.get("pull_policy")
    if policy is None:
        return "build" if service.get("build") and not service.get("image") else None
    return policy if policy in _PULL_POLICIES else "always"  # "refresh" and "every_<time>" ask for something fresh


def _env(environment: dict[str, str | None]) -> list[EnvVar]:
    """Variables sorted by name; one without a value is not set at all."""
    return [EnvVar(name=name, value=value) for name, value in sorted(environment.items()) if value is not None]


def _files(kind: str, service: JSON, model: JSON) -> list[FileProjection]:
    return [_file(kind, item, model[kind][item["source"]]) for item in service.get(kind, ())]


def _file(kind: str, item: JSON, resource: JSON) -> FileProjection:
    source, folder = item["source"], _FOLDERS[kind]
    target = item.get("target") or source
    return FileProjection(
        name=to_name(object_name(source, resource)),
        key=content_key(source, resource),
        target=target if target.startswith("/") else folder + target,
        **given(uid=item.get("uid"), gid=item.get("gid"), mode=int(item["mode"], 8) if "mode" in item else None),
    )


def _networks(name: str, service: JSON) -> list[NetworkAttachment]:
    """The networks in the order of their names; every one knows the service by its name."""
    attachments = [
        NetworkAttachment(
            name=to_name(network),
            aliases=list(dict.fromkeys([name, *(options or {}).get("aliases", ())])),
            **given(
                ipv4_address=(options or {}).get("ipv4_address"),
                ipv6_address=(options or {}).get("ipv6_address"),
                link_local_ips=(options or {}).get("link_local_ips"),
                mac_address=(options or {}).get("mac_address"),
                driver_opts=(options or {}).get("driver_opts"),
                interface_name=(options or {}).get("interface_name"),
                priority=(options or {}).get("priority"),
                gw_priority=(options or {}).get("gw_priority"),
            ),
        )
        for network, options in (service.get("networks") or {}).items()
    ]
    address = service.get("mac_address")
    if address and attachments:
        first = max(attachments, key=lambda each: each.priority or 0)
        if first.mac_address is None:
            first.mac_address = address
    return attachments


def _healthcheck(check: JSON | None) -> Healthcheck | None:
    if check is None:
        return None
    if check.get("disable"):
        return Healthcheck(test=["NONE"])
    return Healthcheck(
        **given(
            test=check.get("test"),
            interval=check.get("interval"),
            timeout=check.get("timeout"),
            retries=check.get("retries"),
            start_period=check.get("start_period"),
            start_interval=check.get("start_interval"),
        )
    )


def restart_policy(service: JSON) -> RestartPolicy | None:
    """`deploy.restart_policy` if there is one, as in compose; else `restart`."""
    policy = (service.get("deploy") or {}).get("restart_policy")
    if policy is not None:
        names = {"any": "always", "always": "always", "on-failure": "on-failure", "unless-stopped": "unless-stopped"}
        name = names.get(policy.get("condition", ""), "no")
        attempts = policy.get("max_attempts") if name == "on-failure" else None
        return RestartPolicy(name=name, **given(maximum_retry_count=attempts))
    name, _, count = str(service.get("restart") or "").partition(":")
    if not name:
        return None
    return RestartPolicy(name=name, **given(maximum_retry_count=int(count) if count else None))


def _resources(service: JSON) -> Resources | None:
    """Limits and reservations, whether they are written under `deploy` or at the service."""
    deploy = (service.get("deploy") or {}).get("resources") or {}
    limits, reservations = deploy.get("limits") or {}, deploy.get("reservations") or {}
    limit = given(
        cpu=_number(limits.get("cpus", service.get("cpus"))),
        memory=_bytes(limits.get("memory", service.get("mem_limit"))),
        pids=limits.get("pids", service.get("pids_limit")),
    )
    request = given(
        cpu=_number(reservations.get("cpus")),
        memory=_bytes(reservations.get("memory", service.get("mem_reservation"))),
    )
    if not limit and not request:
        return None
    return Resources(
        **given(
            limits=ResourceList(**limit) if limit else None,
            requests=ResourceList(**request) if request else None,
        )
    )


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.9f}".rstrip("0").rstrip(".")


def _bytes(value: str | None) -> str | None:
    return None if value is None else format_binary(int(value))


def _ulimits(ulimits: JSON) -> list[Ulimit]:
    return [
        Ulimit(name=name, soft=limit["soft"], hard=limit["hard"])
        if isinstance(limit, dict)
        else Ulimit(name=name, soft=limit, hard=limit)
        for name, limit in ulimits.items()
    ]


def _extra_hosts(lines: list[str]) -> list[ExtraHost]:
    pairs = [line.partition("=") for line in lines]
    return [ExtraHost(hostname=name, ip=address) for name, _, address in pairs if address]
