"""What must be true of the probes of a service, after all files were merged."""

import re
from typing import Final

from fizz.client.compose.nodes import BROKEN, Node
from fizz.client.compose.problems import Path, Problems
from fizz.schemas.durations import parse_duration

__all__ = ["check_probes"]

_KINDS: Final = ("http", "tcp", "exec")
_SHORTEST: Final = 100_000_000  # nanoseconds


def check_probes(path: Path, service: Node, problems: Problems) -> None:
    """Tell of probes that say how twice, or not at all, and of those that can never succeed."""
    block = service.get("x-fizz")
    probes = block.get("probe") if block else None
    mode = service.get("network_mode")
    for name, probe in probes.mapping().items() if probes else ():
        here = (*path, "x-fizz", "probe", name)
        if not isinstance(probe.value, dict) or probe.tag == BROKEN:
            continue
        kinds = [kind for kind in _KINDS if probe.get(kind) is not None]
        if len(kinds) != 1:
            place = probe.key(kinds[1]) if kinds else probe
            problems.error(place, f"must have {'only ' if kinds else ''}one of {', '.join(_KINDS)}", path=here)
        for kind in kinds:
            if mode is not None and mode.value == "none" and kind != "exec":
                text = "cannot reach a container without a network"
                problems.error(probe.key(kind), text, path=(*here, kind), hint="use exec, or remove network_mode")
        _check_times(probe, here, problems)
        _check_statuses(probe, here, problems)


def _check_times(probe: Node, path: Path, problems: Problems) -> None:
    for key, least in (("interval", _SHORTEST), ("timeout", _SHORTEST), ("initial_delay", 0)):
        node = probe.get(key)
        if node is None or node.tag == BROKEN or not isinstance(node.value, str) or "$" in node.value:
            continue
        if parse_duration(node.value) < least:
            problems.error(node, f"must be {'100ms' if least else '0s'} at least", path=(*path, key))


def _check_statuses(probe: Node, path: Path, problems: Problems) -> None:
    http = probe.get("http")
    statuses = http.get("status") if http else None
    if not statuses:
        return
    from fizz.schemas.probes import STATUSES  # models cost time that files without probes need not spend

    for index, node in enumerate(statuses.items()):
        if node.tag != BROKEN and "$" not in str(node.value) and not re.match(STATUSES, str(node.value)):
            text = f'must be a status as 204, or a range as 200-299, not "{node.value}"'
            problems.error(node, text, path=(*path, "http", "status", index))
