"""The sockets that the API server listens on: the unix socket, and on request a TLS port and a plain loopback port."""

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fizz.apiserver.auth.certificates import CertificateError, Certificates
from fizz.apiserver.config import Config
from fizz.apiserver.rest.gate import Door
from fizz.schemas import sockets

__all__ = ["ListenError", "Listener", "listeners", "shown"]

_BACKLOG = 2048


class ListenError(Exception):
    """The server cannot take one of its sockets; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that takes connections, what coming in there means, and where it is, for people."""

    door: Door
    socket: socket.socket
    where: str
    tls: ssl.SSLContext | None = None


@contextlib.contextmanager
def listeners(config: Config, certificates: Certificates | None) -> Iterator[list[Listener]]:
    """All sockets, closed in the end. Raises `ListenError`."""
    with contextlib.ExitStack() as stack:
        found = [Listener(Door.SOCKET, _unix(config.socket, stack), str(config.socket))]
        if config.listen and certificates:
            try:
                context = certificates.context()
            except CertificateError as problem:
                raise ListenError(str(problem)) from problem
            listener = stack.enter_context(_tcp(*config.listen))
            found.append(Listener(Door.TLS, listener, shown(config.listen), context))
        if config.listen_plain:
            host = config.listen_plain[0]
            if not _is_loopback(host):
                raise ListenError(
                    f"cannot listen at {host} without TLS: whoever reaches that port is the administrator, so only "
                    "loopback addresses are served, as 127.0.0.1; --listen serves any address over TLS"
                )
            listener = stack.enter_context(_tcp(*config.listen_plain))
            found.append(Listener(Door.PLAIN, listener, shown(config.listen_plain)))
        yield found


def shown(address: tuple[str, int]) -> str:
    """`127.0.0.1:7443`, `[::1]:7443`"""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unix(path: Path, stack: contextlib.ExitStack) -> socket.socket:
    try:
        return stack.enter_context(sockets.bound(path))
    except sockets.SocketTaken as problem:
        raise ListenError(f"{problem}; stop that server first, or choose another socket with FIZZ_SOCKET") from problem
    except OSError as problem:
        raise ListenError(f"cannot listen at {path}: {problem.strerror or problem}") from problem


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tcp(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise ListenError(f"cannot listen at {host}:{port}: {problem.strerror or problem}") from problem
    listener.listen(_BACKLOG)
    return listener
