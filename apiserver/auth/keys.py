"""The keys that sign tokens of ServiceAccounts: files of the data folder that nobody else may read.

    keys/service-accounts-1.pem    an EC key on P-256, PKCS 8, mode 0600

The file that sorts last signs; all of them are believed. So a key is replaced by putting a new one beside it and
removing the old one when its last token has expired, or at once to end all tokens that it signed.
"""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

__all__ = ["Keys", "write_private"]

_PATTERN: Final = "service-accounts-*.pem"
_FIRST: Final = "service-accounts-1.pem"


class Keys:
    """The signing keys. Made when they are first needed; without a folder they end with the process."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._keys: dict[str, EllipticCurvePrivateKey] = {}

    @property
    def signing(self) -> tuple[str, "EllipticCurvePrivateKey"]:
        """The key that signs, and its id."""
        keys = self._loaded()
        identifier = list(keys)[-1]
        return identifier, keys[identifier]

    def identifiers(self) -> list[str]:
        """The ids of all keys that are believed."""
        return list(self._loaded())

    def public(self, identifier: str) -> "EllipticCurvePublicKey | None":
        """What signatures of the key of that id are checked with; None if there is no such key (any more)."""
        key = self._loaded().get(identifier)
        return key.public_key() if key else None

    def _loaded(self) -> "dict[str, EllipticCurvePrivateKey]":
        if not self._keys:
            made = self._load() if self._folder else [_new_key()]
            self._keys = {_id(key): key for key in made}
        return self._keys

    def _load(self) -> "list[EllipticCurvePrivateKey]":
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

        assert self._folder is not None
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = sorted(self._folder.glob(_PATTERN))
        if not paths:
            path = self._folder / _FIRST
            write_private(path, _pem(_new_key()))
            paths = [path]
        found = [serialization.load_pem_private_key(path.read_bytes(), None) for path in paths]
        return [key for key in found if isinstance(key, EllipticCurvePrivateKey)]

    @classmethod
    def ephemeral(cls) -> Self:
        """Keys that end with the process."""
        return cls(None)


def write_private(path: Path, content: bytes) -> None:
    """Write a whole file that only its owner may read; a reader sees the old one or the new one."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(path)


def _new_key() -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _id(key: "EllipticCurvePrivateKey") -> str:
    """A key's id, made of the key itself, so that it needs no register."""
    from cryptography.hazmat.primitives import serialization

    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()[:16]
