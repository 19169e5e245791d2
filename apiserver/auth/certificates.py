"""Who the server is: a certificate authority of its own, made at the first start, and the certificate that it signs.

    tls/ca.crt      the authority's certificate: clients trust it; ten years
    tls/ca.key      its key, mode 0600
    tls/server.crt  the server's certificate, with the authority's behind it; a year
    tls/server.key  its key, mode 0600

The server's certificate is made anew when a third of its life is left, when it lacks a name that the server is reached
by, or when another authority's files were put in place of ours. The authority stays, so that clients which know it go
on. Keys are EC on P-256.

Source: RFC 5280; the key usages that RFC 8446 asks for.
"""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fizz.apiserver.auth.keys import write_private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["CertificateError", "Certificates", "names_of_this_machine"]

_DAY: Final = datetime.timedelta(days=1)
_AUTHORITY_LIFE: Final = 3650 * _DAY
_SERVER_LIFE: Final = 365 * _DAY
_RENEW_WITH: Final = _SERVER_LIFE / 3
_BACKDATED: Final = datetime.timedelta(hours=1)
"""Certificates begin in the past, for clients whose clocks are behind."""


class CertificateError(Exception):
    """The files cannot be used; the message says which and what to do."""


class Certificates:
    """The files of a folder. `names` are the host names and addresses that the server is reached by."""

    def __init__(self, folder: Path, names: Iterable[str], clock: Callable[[], datetime.datetime]) -> None:
        self._folder, self._names, self._clock = folder, tuple(dict.fromkeys(names)), clock
        self._context: ssl.SSLContext | None = None

    @property
    def authority(self) -> str:
        """The authority's certificate, PEM: what clients trust."""
        return (self._folder / "ca.crt").read_text()

    def context(self) -> ssl.SSLContext:
        """What connections are made with. `renew` changes it in place: new connections see the new certificate.

        Raises `CertificateError`.
        """
        self.renew()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._load_into(context)
        self._context = context
        return context

    def renew(self) -> bool:
        """Make what is missing or must be made anew. Whether anything was. Raises `CertificateError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            authority, key = self._authority()
            if self._is_good(authority):
                return False
            self._make_server(authority, key)
        except (OSError, ValueError, TypeError) as problem:
            raise CertificateError(
                f"cannot use the certificates in {self._folder}: {problem}; mend them, or remove the folder to have "
                "new ones made (clients must then be told the new authority: `fizz kubeconfig`)"
            ) from problem
        if self._context:
            self._load_into(self._context)
        return True

    def _load_into(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._folder / "server.crt", self._folder / "server.key")

    def _authority(self) -> "tuple[x509.Certificate, EllipticCurvePrivateKey]":
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

        certificate_path, key_path = self._folder / "ca.crt", self._folder / "ca.key"
        if not certificate_path.exists() and not key_path.exists():
            key = _new_key()
            write_private(key_path, _key_pem(key))
            write_private(certificate_path, _pem(_sign_authority(key, self._clock())))
        loaded = serialization.load_pem_private_key(key_path.read_bytes(), None)
        if not isinstance(loaded, EllipticCurvePrivateKey):
            raise TypeError("ca.key is no EC key")
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        if certificate.public_key() != loaded.public_key():
            raise ValueError("ca.crt and ca.key do not belong together")
        return certificate, loaded

    def _is_good(self, authority: "x509.Certificate") -> bool:
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature

        path = self._folder / "server.crt"
        if not path.exists() or not (self._folder / "server.key").exists():
            return False
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        if self._clock() > certificate.not_valid_after_utc - _RENEW_WITH:
            return False
        try:
            certificate.verify_directly_issued_by(authority)
        except (InvalidSignature, ValueError):
            return False
        present = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return set(_general_names(self._names)) <= set(present)

    def _make_server(self, authority: "x509.Certificate", authority_key: "EllipticCurvePrivateKey") -> None:
        key = _new_key()
        certificate = _sign_server(key, self._names, authority, authority_key, self._clock())
        write_private(self._folder / "server.key", _key_pem(key))
        write_private(self._folder / "server.crt", _pem(certificate) + _pem(authority))


def names_of_this_machine(listen: str, more: Iterable[str] = ()) -> list[str]:
    """What a server that listens there is reached by: this machine's names and addresses, and those that are given."""
    own = socket.gethostname()
    names = ["localhost", "127.0.0.1", "::1", own]
    try:
        found = socket.getaddrinfo(own, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    except OSError:  # a host without an entry for itself is reached by the other names
        found = []
    for _, _, _, canonical, address in found:
        names += [str(canonical), str(address[0]).partition("%")[0]]
    names += [_outward("192.0.2.1", socket.AF_INET), _outward("2001:db8::1", socket.AF_INET6), listen, *more]
    return [name for name in dict.fromkeys(names) if name and name not in {"0.0.0.0", "::"}]


def _outward(target: str, family: socket.AddressFamily) -> str:
    """This machine's address on the way to the outside. Nothing is sent: the target is one for documentation."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return ""


def _new_key() -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _sign_authority(key: "EllipticCurvePrivateKey", now: datetime.datetime) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"fizz-ca@{int(now.timestamp())}")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _sign_server(
    key: "EllipticCurvePrivateKey",
    names: Iterable[str],
    authority: "x509.Certificate",
    authority_key: "EllipticCurvePrivateKey",
    now: datetime.datetime,
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fizz-apiserver")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(min(now + _SERVER_LIFE, authority.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _usage(*, authority: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_names(names: Iterable[str]) -> "list[x509.GeneralName]":
    from cryptography import x509

    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _pem(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
