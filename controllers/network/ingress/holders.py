"""Who listens on a port of this host: the process, for an error message. Reads /proc; Linux only.

Source: proc(5), /proc/net/tcp: addresses and ports in hexadecimal, and the inode of the socket, which a process that
holds it has as a link `socket:[inode]` among its open files.
"""

from collections.abc import Iterator
from pathlib import Path

from fizz.controllers.network.ingress.ports import Bind

__all__ = ["holder", "inodes"]

_LISTEN = "0A"
_UNCONNECTED = "07"


def holder(bind: Bind, proc: Path = Path("/proc")) -> str:
    """`nginx (pid 4711)`; empty if it is not to be found out."""
    wanted: set[str] = set()
    for name in (bind.protocol, f"{bind.protocol}6"):
        try:
            wanted |= inodes((proc / "net" / name).read_text(), bind.port)
        except OSError:
            continue
    if not wanted:
        return ""
    links = {f"socket:[{inode}]" for inode in wanted}
    for process in proc.iterdir():
        if process.name.isdigit() and any(link in links for link in _sockets(process)):
            return _describe(process)
    return ""


def inodes(table: str, port: int) -> set[str]:
    """The inodes of the sockets in a table of /proc/net that listen on the port."""
    found = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] in {_LISTEN, _UNCONNECTED} and int(fields[1].rpartition(":")[2], 16) == port:
            found.add(fields[9])
    return found


def _sockets(process: Path) -> Iterator[str]:
    try:
        for link in (process / "fd").iterdir():
            try:
                yield str(link.readlink())
            except OSError:
                continue  # closed meanwhile
    except OSError:
        return  # ended meanwhile


def _describe(process: Path) -> str:
    try:
        words = [word for word in (process / "cmdline").read_text(errors="replace").split("\0") if word]
    except OSError:
        words = []
    if not words:
        return f"the process {process.name}"
    program = words[0].rpartition("/")[2]
    if program == "docker-proxy" and "-container-ip" in words[:-1]:
        address = words[words.index("-container-ip") + 1]
        return f"the engine, for the container at {address} (docker-proxy, pid {process.name})"
    if "fizz" in words:
        return f"another Fizz server (pid {process.name})"
    return f"{program} (pid {process.name})"
