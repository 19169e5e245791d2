"""Probes: how the node agent finds out whether a container works, besides the engine's own health check.

Names, defaults and meaning are those of Kubernetes' `Probe` (API reference, `core/v1`), with three differences: times
may be fractions of a second, a port is always a number, and `expectedStatuses` says which answers are good.
"""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from fizz.schemas.base import Model

__all__ = ["ExecAction", "HttpGet", "HttpHeader", "Probe", "Seconds", "TcpSocket"]

STATUSES = r"^[1-5][0-9]{2}(-[1-5][0-9]{2})?$"

Seconds = Annotated[int | float, WithJsonSchema({"type": "number"})]
"""A length of time in seconds, whole or not."""


class HttpHeader(Model):
    """A header of a request."""

    name: str = Field(min_length=1, description="The name.")
    value: str = Field(description="The value.")


class HttpGet(Model):
    """A request; the container works if the answer is a good one."""

    port: int = Field(ge=1, le=65535, description="The port in the container.")
    path: str = Field("/", description="The path, with a query if there is one.")
    scheme: Literal["HTTP", "HTTPS"] = Field("HTTP", description="HTTPS: certificates are not checked.")
    http_headers: list[HttpHeader] | None = Field(
        None, description="Headers of the request.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    expected_statuses: list[Annotated[str, Field(pattern=STATUSES)]] | None = Field(
        None,
        description="Good answers, as 204 or 200-299; 200-399 if absent. Redirections are not followed.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class TcpSocket(Model):
    """A connection; the container works if the port takes it."""

    port: int = Field(ge=1, le=65535, description="The port in the container.")


class ExecAction(Model):
    """A command in the container, which works if it ends with exit code 0."""

    command: list[str] = Field(
        min_length=1,
        description="The command and its arguments; no shell is involved.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class Probe(Model):
    """One of httpGet, tcpSocket and exec, and how often and how long."""

    http_get: HttpGet | None = Field(None, description="Ask by HTTP.")
    tcp_socket: TcpSocket | None = Field(None, description="Connect.")
    exec: ExecAction | None = Field(None, description="Run a command in the container.")
    initial_delay_seconds: Seconds = Field(0, ge=0, description="Time from the container's start to the first probe.")
    period_seconds: Seconds = Field(10, ge=0.1, description="Time from one probe to the next.")
    timeout_seconds: Seconds = Field(1, ge=0.1, description="Time after which a probe has failed.")
    success_threshold: int = Field(1, ge=1, description="Successes in a row after which it works again.")
    failure_threshold: int = Field(3, ge=1, description="Failures in a row after which it does not work.")
