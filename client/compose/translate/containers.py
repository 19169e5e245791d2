"""ContainerSpec: everything that a service says about its containers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fizz.client.compose.project import pull_policy
from fizz.client.compose.translate.api_socket import socket_file, socket_variable
from fizz.client.compose.translate.contents import content_key, object_name
from fizz.client.compose.translate.devices import translate_devices
from fizz.client.compose.translate.limits import translate_limits
from fizz.client.compose.translate.mounts import translate_mounts, translate_tmpfs
from fizz.client.compose.translate.neighbours import translate_neighbours
from fizz.client.compose.translate.ports import container_ports
from fizz.client.compose.translate.probes import translate_probes
from fizz.client.compose.translate.resources import given
from fizz.client.compose.translate.variables import translate_hooks, translate_variables
from fizz.schemas.container import (
    ContainerSpec,
    CredentialSpec,
    ExtraHost,
    Healthcheck,
    Logging,
    NetworkAttachment,
    RestartPolicy,
)
from fizz.schemas.env import EnvVar
from fizz.schemas.mounts import FileProjection
from fizz.schemas.names import to_name

__all__ = ["container_spec", "restart_policy"]

JSON = dict[str, Any]

_AS_WRITTEN: Final = (
    "platform", "container_name", "entrypoint", "command", "working_dir", "user", "labels", "stop_signal",
    "stop_grace_period", "hostname", "domainname", "init", "tty", "stdin_open", "privileged", "read_only", "cap_add",
    "cap_drop", "group_add", "sysctls", "dns", "dns_search", "dns_opt",
)  # fmt: skip
_IF_NOT_EMPTY: Final = (
    "annotations", "uts", "userns_mode", "cgroup", "cgroup_parent", "runtime", "isolation", "cpuset",
    "oom_kill_disable", "use_api_socket",
)  # fmt: skip
_FOLDERS: Final = {"secrets": "/run/secrets/", "configs": "/"}


def container_spec(project: str, name: str, service: JSON, model: JSON, security: Sequence[str] = ()) -> ContainerSpec:
    """The spec of the containers of a service. What the file does not say is not set.

    `security` are the options of the security modules, with the content of files.
    """
    return ContainerSpec(
        image=service.get("image") or f"{project}-{name}",
        **given(
            pull_policy=_pull_policy(service),
            env=_env(service) or None,
            ports=container_ports(service) or None,
            mounts=translate_mounts(service) or None,
            tmpfs=translate_tmpfs(service) or None,
            secrets=[*_files("secrets", service, model), *socket_file(service)] or None,
            configs=_files("configs", service, model) or None,
            networks=_networks(name, service) or None,
            healthcheck=_healthcheck(service.get("healthcheck")),
            restart_policy=restart_policy(service),
            restart_unhealthy=(service.get("x-fizz") or {}).get("restart_unhealthy"),
            **translate_probes(service),
            extra_hosts=_extra_hosts(service.get("extra_hosts") or []) or None,
            security_opt=list(security) or None,
            logging=_logging(service.get("logging")),
            credential_spec=_credential_spec(service.get("credential_spec")),
            storage_opt=_texts(service.get("storage_opt") or {}) or None,
            post_start=translate_hooks(service.get("post_start", [])) or None,
            pre_stop=translate_hooks(service.get("pre_stop", [])) or None,
            **translate_neighbours(service),
            **translate_limits(service),
            **translate_devices(service),
            **{key: service.get(key) for key in _AS_WRITTEN},
            **{key: service.get(key) or None for key in _IF_NOT_EMPTY},
        ),
    )


def _env(service: JSON) -> list[EnvVar]:
    environment: Mapping[str, str | None] = service.get("environment") or {}
    return translate_variables({**socket_variable(service), **environment})


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: "" if value is None else str(value) for key, value in values.items()}


def _logging(written: JSON | None) -> Logging | None:
    if not written:
        return None
    return Logging(**given(driver=written.get("driver") or None, options=_texts(written.get("options") or {}) or None))


def _credential_spec(written: JSON | None) -> CredentialSpec | None:
    if not written:
        return None
    return CredentialSpec(**given(**{key: written.get(key) or None for key in ("config", "file", "registry")}))


def _pull_policy(service: JSON) -> str | None:
    if not service.get("pull_policy"):
        return "build" if service.get("build") and not service.get("image") else None
    policy = pull_policy(service)
    return "always" if policy == "refresh" else policy  # as docker compose has it: any image is too old


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


def _extra_hosts(lines: list[str]) -> list[ExtraHost]:
    pairs = [line.partition("=") for line in lines]
    return [ExtraHost(hostname=name, ip=address) for name, _, address in pairs if address]
