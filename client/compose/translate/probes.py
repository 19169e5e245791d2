"""The probes of a ContainerSpec, from `x-fizz.probe`."""

from typing import Any

from fizz.client.compose.translate.resources import given
from fizz.schemas.durations import parse_duration
from fizz.schemas.probes import ExecAction, HttpGet, HttpHeader, Probe, TcpSocket

__all__ = ["translate_probes"]

JSON = dict[str, Any]

_NANO = 1_000_000_000


def translate_probes(service: JSON) -> JSON:
    """`readiness_probe`, `liveness_probe` and `startup_probe`, as far as the service has them."""
    probes = (service.get("x-fizz") or {}).get("probe") or {}
    return {f"{name}_probe": _probe(written) for name, written in probes.items()}


def _probe(written: JSON) -> Probe:
    tcp, command = written.get("tcp"), written.get("exec")
    return Probe(
        **given(
            http_get=_http(written["http"]) if "http" in written else None,
            tcp_socket=TcpSocket(port=tcp["port"]) if tcp else None,
            exec=ExecAction(command=command["command"]) if command else None,
            initial_delay_seconds=_seconds(written.get("initial_delay")),
            period_seconds=_seconds(written.get("interval")),
            timeout_seconds=_seconds(written.get("timeout")),
            success_threshold=written.get("success_threshold"),
            failure_threshold=written.get("failure_threshold"),
        )
    )


def _http(written: JSON) -> HttpGet:
    headers = [HttpHeader(name=name, value=value or "") for name, value in (written.get("headers") or {}).items()]
    return HttpGet(
        port=written["port"],
        **given(
            path=written.get("path"),
            scheme=written["scheme"].upper() if "scheme" in written else None,
            http_headers=headers or None,
            expected_statuses=[str(each) for each in written.get("status") or []] or None,
        ),
    )


def _seconds(duration: str | None) -> int | float | None:
    if duration is None:
        return None
    length = parse_duration(duration)
    return length // _NANO if length % _NANO == 0 else length / _NANO
