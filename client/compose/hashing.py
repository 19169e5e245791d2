"""The hash by which compose tells whether a service has changed: `config --hash`, and a label of its containers.

It is the SHA-256 of the service as Go writes it in JSON, without what does not change a container: `build`,
`depends_on`, `profiles`, `pull_policy`, and how many there are. The keys of a service stand in the order that they have
in compose-go (`types.ServiceConfig`), where it is not that of the alphabet; that is all that this module has to know.
"""

import json
from typing import Any, Final

from fizz.client.compose.jsonform import JSON, json_service

__all__ = ["service_hash"]

_ELSEWHERE: Final = ("build", "depends_on", "profiles", "pull_policy", "scale")
# The order of keys, by the key that they stand under; `[]` is the item of a list, `*` any name. Else the alphabet's.
_ORDER: Final[dict[str, tuple[str, ...]]] = {
    path: tuple(keys.split())
    for path, keys in {
        "": "annotations attach develop blkio_config cap_add cap_drop cgroup_parent cgroup cpu_count cpu_percent "
        "cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpus cpuset cpu_shares command configs "
        "container_name credential_spec deploy device_cgroup_rules devices dns dns_opt dns_search domainname "
        "entrypoint provider environment env_file expose extends external_links extra_hosts group_add gpus "
        "hostname healthcheck image init ipc isolation labels label_file links logging mem_limit "
        "mem_reservation memswap_limit mem_swappiness mac_address models networks network_mode "
        "oom_kill_disable oom_score_adj pid pids_limit platform ports privileged pull_refresh_after read_only "
        "restart runtime secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt "
        "sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir "
        "pre_start post_start pre_stop",
        "blkio_config": "weight weight_device device_read_bps device_read_iops device_write_bps device_write_iops",
        "configs[]": "source target uid gid mode",
        "deploy": "mode labels update_config rollback_config resources restart_policy placement endpoint_mode",
        "deploy.placement": "constraints preferences max_replicas_per_node",
        "deploy.resources": "limits reservations",
        "deploy.resources.limits": "cpus memory pids devices generic_resources",
        "deploy.resources.reservations": "cpus memory pids devices generic_resources",
        "deploy.resources.reservations.devices[]": "capabilities driver count device_ids options",
        "deploy.restart_policy": "condition delay max_attempts window",
        "deploy.rollback_config": "parallelism delay failure_action monitor max_failure_ratio order",
        "deploy.update_config": "parallelism delay failure_action monitor max_failure_ratio order",
        "develop": "watch",
        "develop.watch[]": "path action target exec include ignore initial_sync",
        "develop.watch[].exec": "command user privileged working_dir environment",
        "devices[]": "source target permissions",
        "env_file[]": "path required format",
        "gpus[]": "capabilities driver count device_ids options",
        "healthcheck": "test timeout interval retries start_period start_interval disable",
        "logging": "driver options",
        "models.*": "endpoint_var model_var",
        "networks.*": "aliases driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips "
        "mac_address priority",
        "ports[]": "name mode host_ip target published protocol app_protocol",
        "post_start[]": "command user privileged working_dir environment",
        "pre_stop[]": "command user privileged working_dir environment",
        "provider": "type options",
        "secrets[]": "source target uid gid mode",
        "volumes[]": "type source target read_only consistency bind volume tmpfs image",
        "volumes[].bind": "selinux propagation create_host_path recursive",
        "volumes[].tmpfs": "size mode",
        "volumes[].volume": "labels nocopy subpath",
    }.items()
}
_RANKS: Final = {path: {key: index for index, key in enumerate(keys)} for path, keys in _ORDER.items()}
_DEEP: Final = (dict, list, int)  # what may be written otherwise; the 0 of a limit is
# Parts whose keys Go writes as it calls them.
_CAPITALISED: Final = tuple(
    f"blkio_config.{key}[]"
    for key in ("weight_device", "device_read_bps", "device_read_iops", "device_write_bps", "device_write_iops")
)
_NAMES: Final = frozenset({"models", "networks", "ulimits"})  # whose keys are names
_ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def service_hash(service: JSON) -> str:
    """The hash of a service of the model: 64 digits."""
    import hashlib  # costs time that only hashes need

    counted = {key: value for key, value in json_service(service).items() if key not in _ELSEWHERE}
    if "deploy" in counted:
        counted["deploy"] = {key: value for key, value in counted["deploy"].items() if key != "replicas"}
    text = json.dumps(_ordered("", counted), separators=(",", ":"), ensure_ascii=False)
    for char, escape in _ESCAPES.items():
        text = text.replace(char, escape)
    return hashlib.sha256(text.encode()).hexdigest()


def _ordered(path: str, value: Any) -> Any:
    match value:
        case dict() if path in _CAPITALISED:
            return {key.capitalize(): child for key, child in sorted(value.items())}
        case dict() if path == "ulimits.*":
            return {key: value[key] for key in ("soft", "hard") if value.get(key)}
        case 0 if path == "ulimits.*":
            return {}
        case list():
            return [_ordered(f"{path}[]", child) for child in value]
        case dict():
            rank = _RANKS.get(path, {})
            written = [key for key in value if not (rank and key.startswith("x-"))]
            keys = sorted(written, key=lambda key: (rank.get(key, len(rank)), key))
            step = "*" if path in _NAMES else None
            return {
                key: _ordered(f"{path}.{step or key}".lstrip("."), child) if isinstance(child, _DEEP) else child
                for key, child in ((key, value[key]) for key in keys)
            }
    return value
