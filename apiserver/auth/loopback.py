"""The plain loopback port is for programs on this machine, not for pages that a browser on it happens to show.

A page of any site may make a browser send requests to 127.0.0.1, and a site's own name may be made to resolve to it
(DNS rebinding). Both show in headers that a page cannot choose: `Origin` names another site, or `Host` is not an
address of this machine. Such requests are refused. Programs send no Origin; the unix socket is not looked at.

Source: the Fetch standard, "`Origin` header"; RFC 9110, section 7.2.
"""

from collections.abc import Iterable
from typing import Final

from fizz.apiserver import errors

__all__ = ["check"]

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def check(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises `Forbidden` for what comes from a page of another site, or was sent to another name."""
    for name, value in headers:
        if name == b"host" and _host(value.decode("latin-1")) not in _HERE:
            raise errors.Forbidden("the Host header must be an address of this machine, as 127.0.0.1 or localhost")
        if name == b"origin" and _host(value.decode("latin-1").partition("://")[2]) not in _HERE:
            raise errors.Forbidden("pages of other sites may not use this server")


def _host(authority: str) -> str:
    """The host of `host`, `host:port` or `[v6]:port`."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0].lower()
