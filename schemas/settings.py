"""Where things are on this machine, and how this process talks about itself: one reading of flags and environment.

Order: flag, then environment, then a TOML file (`$FIZZ_CONFIG`, else `/etc/fizz/fizz.toml` for root and
`$XDG_CONFIG_HOME/fizz/fizz.toml` otherwise), then the default. With a data directory chosen and no socket named, the
socket lies in it, so that several servers on one machine do not meet.

Whoever can put a socket where the server's should be, is told what is meant for the server. So the default place, which
others can know in advance, is used only if it belongs to this user or to root; a place that was named is trusted.

| setting | environment | default |
|---|---|---|
| data_dir | FIZZ_DATA_DIR | /var/lib/fizz for root, else $XDG_DATA_HOME/fizz |
| socket | FIZZ_SOCKET | in a chosen data directory; else /run/fizz/fizz.sock or $XDG_RUNTIME_DIR/fizz/fizz.sock |
| listen | FIZZ_LISTEN | no TCP |
| listen_plain | FIZZ_LISTEN_PLAIN | no TCP without TLS |
| tls_names | FIZZ_TLS_NAMES | what this machine knows of itself; more, separated by commas |
| server | FIZZ_SERVER | the socket |
| token | FIZZ_TOKEN | none |
| ca | FIZZ_CA | the authority of the data directory, if it is there; else those that this machine trusts |
| docker_host | DOCKER_HOST | unix:///var/run/docker.sock |
| node_name | FIZZ_NODE_NAME | the host's name |
| ingress | FIZZ_INGRESS | auto: nftables where that is possible, else engine |
| log_format | FIZZ_LOG_FORMAT | console on a terminal, else json |
| log_level | FIZZ_LOG_LEVEL | info |
"""

import os
import socket
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, get_args

from fizz.schemas.names import to_name

__all__ = ["IngressChoice", "LogFormat", "LogLevel", "Settings", "SettingsError"]

IngressChoice = Literal["auto", "nftables", "engine"]
LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(Exception):
    """A setting has a value that it cannot have; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a process of Fizz needs to know about its surroundings."""

    data_dir: Path
    socket: Path
    listen: tuple[str, int] | None
    listen_plain: tuple[str, int] | None
    tls_names: tuple[str, ...]
    server: str
    token: str | None
    ca: Path | None
    docker_host: str
    node_name: str
    ingress: IngressChoice
    log_format: LogFormat
    log_level: LogLevel

    @property
    def runtime_dir(self) -> Path:
        """Where sockets and files that need not survive a reboot lie."""
        return self.socket.parent

    @property
    def tls_dir(self) -> Path:
        """Where the API server's certificates lie."""
        return self.data_dir / "tls"

    @property
    def agent_socket(self) -> Path:
        """Where the node agent answers the API server."""
        return self.runtime_dir / "node.sock"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **flags: str | None) -> Self:
        """Read all settings; `flags` are named like the fields and may be None for "not given".

        Raises `SettingsError` for a value that does not fit.
        """
        environment = os.environ if environ is None else environ
        return cls._resolve(_Sources(flags, environment, _read_file(environment)), environment)

    @classmethod
    def _resolve(cls, sources: "_Sources", environment: Mapping[str, str]) -> Self:
        root = os.geteuid() == 0
        chosen_data = sources.get("data_dir")
        data_dir = Path(chosen_data) if chosen_data else _default_data(environment, root)
        runtime = data_dir if chosen_data else _default_runtime(environment, root)
        chosen_socket = sources.get("socket")
        path = Path(chosen_socket) if chosen_socket else runtime / "fizz.sock"
        elsewhere = sources.get("server") and environment.get("XDG_RUNTIME_DIR")  # which may be of who called `su`
        if not (root or chosen_data or chosen_socket or elsewhere):
            _refuse_strangers((runtime.parent, runtime, path))
        listen, plain, ca = sources.get("listen"), sources.get("listen_plain"), sources.get("ca")
        names = sources.get("tls_names") or ""
        return cls(
            data_dir=data_dir.absolute(),
            socket=path.absolute(),
            listen=_address("listen", listen) if listen else None,
            listen_plain=_address("listen_plain", plain) if plain else None,
            tls_names=tuple(name.strip() for name in names.split(",") if name.strip()),
            server=sources.get("server") or f"unix://{path.absolute()}",
            token=sources.get("token"),
            ca=Path(ca) if ca else _own_authority(data_dir),
            docker_host=sources.get("docker_host", "DOCKER_HOST") or "unix:///var/run/docker.sock",
            node_name=to_name(sources.get("node_name") or socket.gethostname()),
            ingress=_ingress(sources.get("ingress") or "auto"),
            log_format=_log_format(sources.get("log_format") or ("console" if sys.stderr.isatty() else "json")),
            log_level=_log_level(sources.get("log_level") or "info"),
        )


@dataclass(frozen=True, slots=True)
class _Sources:
    """Flags, environment and file, asked in that order."""

    flags: Mapping[str, str | None]
    environment: Mapping[str, str]
    file: Mapping[str, object]

    def get(self, name: str, variable: str | None = None) -> str | None:
        if flag := self.flags.get(name):
            return flag
        if value := self.environment.get(variable or f"FIZZ_{name.upper()}"):
            return value
        found = self.file.get(name)
        return None if found is None else str(found)


def _read_file(environment: Mapping[str, str]) -> Mapping[str, object]:
    named = environment.get("FIZZ_CONFIG")
    if named:
        path = Path(named)
    elif os.geteuid() == 0:
        path = Path("/etc/fizz/fizz.toml")
    else:
        path = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "fizz/fizz.toml"
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        if named:
            raise SettingsError(f"{path}: no such file, though FIZZ_CONFIG names it") from None
        return {}
    except (OSError, ValueError) as problem:
        raise SettingsError(f"{path}: {problem}") from problem
    unknown = sorted(set(content) - set(Settings.__dataclass_fields__))
    if unknown:
        known = ", ".join(Settings.__dataclass_fields__)
        raise SettingsError(f"{path}: unknown setting {unknown[0]!r}; there are {known}")
    return content


def _default_data(environment: Mapping[str, str], root: bool) -> Path:
    if root:
        return Path("/var/lib/fizz")
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "fizz"


def _default_runtime(environment: Mapping[str, str], root: bool) -> Path:
    if root:
        return Path("/run/fizz")
    return Path(environment.get("XDG_RUNTIME_DIR") or f"/tmp/fizz-{os.geteuid()}") / "fizz"


def _refuse_strangers(places: Sequence[Path]) -> None:
    """Raise `SettingsError` if one of these belongs to another user; what is not there yet will be ours."""
    for place in places:
        try:
            owner = place.lstat().st_uid
        except (FileNotFoundError, NotADirectoryError):
            return
        except PermissionError:
            continue  # it lies in a folder of root's; whoever connects is told
        if owner not in {0, os.geteuid()}:
            raise SettingsError(
                f"{place} belongs to the user with the id {owner}, who could pose as your server; have it removed, "
                "or choose another place with XDG_RUNTIME_DIR or FIZZ_SOCKET"
            )


def _own_authority(data_dir: Path) -> Path | None:
    """The certificate authority of a server with that data folder, if we may see it."""
    path = data_dir.absolute() / "tls" / "ca.crt"
    return path if os.access(path, os.R_OK) else None


def _address(setting: str, text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{setting} is {text!r}; write HOST:PORT, as 127.0.0.1:7443")
    return host.strip("[]") or "127.0.0.1", int(port)


def _ingress(text: str) -> IngressChoice:
    match text:
        case "auto" | "nftables" | "engine":
            return text
    raise SettingsError(f"ingress is {text!r}; it is one of {', '.join(get_args(IngressChoice))}")


def _log_format(text: str) -> LogFormat:
    match text:
        case "json" | "console":
            return text
    raise SettingsError(f"log_format is {text!r}; it is one of {', '.join(get_args(LogFormat))}")


def _log_level(text: str) -> LogLevel:
    match text:
        case "debug" | "info" | "warning" | "error":
            return text
    raise SettingsError(f"log_level is {text!r}; it is one of {', '.join(get_args(LogLevel))}")
