"""What the API server can be told, each with its meaning, unit, default and trade-off."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fizz.apiserver.store.compaction import DEFAULT, Retention
from fizz.schemas.settings import Settings

__all__ = ["Config"]


@dataclass(frozen=True, slots=True)
class Config:
    """How one API server runs."""

    store: Path
    """Folder of the LMDB environment."""

    socket: Path
    """The unix socket that local clients use. Its file permissions (0600) are the authentication: who may open it is
    the administrator."""

    listen: tuple[str, int] | None = None
    """Address and port to serve on besides the socket, over TLS and for those who have a token; None: none."""

    listen_plain: tuple[str, int] | None = None
    """Loopback address and port to serve on without TLS and without tokens: any program on this machine is the
    administrator there. For development, and for programs that speak no TLS; None: none."""

    tls: Path | None = None
    """Folder of the certificate authority and of the server's certificate; needed for `listen`."""

    keys: Path | None = None
    """Folder of the keys that sign tokens of ServiceAccounts; None: keys that end with the process, and all tokens with
    them."""

    tls_names: tuple[str, ...] = ()
    """Host names and addresses that clients use besides those that this machine knows of itself."""

    max_bytes: int | None = None
    """Size of the store at most, in bytes; writes beyond it are refused with 507. None: the disk decides."""

    retention: Retention = DEFAULT
    """How much history the store keeps for watches and lists that go on where they were."""

    shutdown_seconds: float = 5.0
    """Time that requests get to finish when the server stops. Watches end at once and cleanly."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(
            store=settings.data_dir / "store",
            socket=settings.socket,
            listen=settings.listen,
            listen_plain=settings.listen_plain,
            tls=settings.tls_dir,
            keys=settings.data_dir / "keys",
            tls_names=settings.tls_names,
        )
