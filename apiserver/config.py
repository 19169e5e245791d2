"""What the API server can be told, each with its meaning, unit, default and trade-off."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fizz.schemas.settings import Settings

__all__ = ["Config"]


@dataclass(frozen=True, slots=True)
class Config:
    """How one API server runs."""

    store: Path
    """Folder of the LMDB environment."""

    socket: Path
    """The unix socket that local clients use. Its file permissions (0600) are the authentication."""

    listen: tuple[str, int] | None = None
    """Loopback address and port to serve on besides the socket, plain and for everybody on this machine; None: none."""

    max_bytes: int | None = None
    """Size of the store at most, in bytes; writes beyond it are refused with 507. None: the disk decides."""

    shutdown_seconds: float = 5.0
    """Time that requests get to finish when the server stops. Watches end at once and cleanly."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(store=settings.data_dir / "store", socket=settings.socket, listen=settings.listen)
