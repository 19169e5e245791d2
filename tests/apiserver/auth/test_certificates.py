"""The authority and the server's certificate: made, kept, renewed in time, and believed by real TLS."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fizz.apiserver.auth.certificates import CertificateError, Certificates, names_of_this_machine

NOW = datetime.now(UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def made(folder: Path, *names: str, clock: Clock | None = None) -> Certificates:
    return Certificates(folder, names or ("localhost", "127.0.0.1"), clock or Clock())


def test_files_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    assert made(folder).renew()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"ca.crt", "ca.key", "server.crt", "server.key"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
    assert not made(folder).renew()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_certificate_is_renewed_in_time_and_the_authority_stays(tmp_path: Path) -> None:
    clock = Clock()
    certificates = made(tmp_path, clock=clock)
    certificates.renew()
    authority, first = certificates.authority, (tmp_path / "server.crt").read_text()
    clock.now += timedelta(days=240)
    assert not certificates.renew()
    clock.now += timedelta(days=10)
    assert certificates.renew()
    assert certificates.authority == authority
    assert (tmp_path / "server.crt").read_text() != first
    assert not certificates.renew()


def test_a_new_name_makes_a_new_certificate_and_a_name_less_does_not(tmp_path: Path) -> None:
    made(tmp_path, "localhost").renew()
    assert made(tmp_path, "localhost", "fizz.example", "10.0.0.1").renew()
    assert not made(tmp_path, "localhost", "10.0.0.1").renew()


def test_another_authority_makes_a_new_certificate(tmp_path: Path) -> None:
    made(tmp_path / "a").renew()
    made(tmp_path / "b").renew()
    for name in ("ca.crt", "ca.key"):
        (tmp_path / "a" / name).write_bytes((tmp_path / "b" / name).read_bytes())
    assert made(tmp_path / "a").renew()


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "server.crt"])
def test_a_damaged_file_is_named_by_its_folder_and_never_replaced_in_silence(tmp_path: Path, name: str) -> None:
    made(tmp_path).renew()
    (tmp_path / name).write_text("rubbish")
    with pytest.raises(CertificateError, match=str(tmp_path)):
        made(tmp_path).renew()
    assert (tmp_path / name).read_text() == "rubbish"


def test_half_an_authority_is_refused(tmp_path: Path) -> None:
    made(tmp_path).renew()
    (tmp_path / "ca.key").unlink()
    with pytest.raises(CertificateError):
        made(tmp_path).renew()


def shake(context: ssl.SSLContext, authority: str, name: str) -> bytes:
    """A handshake over a socket pair; the server's certificate as the client saw it."""
    client_end, server_end = socket.socketpair()

    def serve() -> None:
        try:
            with context.wrap_socket(server_end, server_side=True) as secured:
                secured.recv(1)
        except (ssl.SSLError, OSError):
            server_end.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        trusting = ssl.create_default_context(cadata=authority)
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT
        with trusting.wrap_socket(client_end, server_hostname=name) as secured:
            seen = secured.getpeercert(binary_form=True)
            assert seen is not None
            return seen
    finally:
        client_end.close()
        thread.join()


def test_clients_that_trust_the_authority_trust_the_server_by_all_its_names(tmp_path: Path) -> None:
    certificates = made(tmp_path, "localhost", "127.0.0.1", "::1", "fizz.example")
    context = certificates.context()
    for name in ("localhost", "127.0.0.1", "::1", "fizz.example"):
        assert shake(context, certificates.authority, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(context, certificates.authority, "evil.example")
    other = made(tmp_path / "other")
    other.renew()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(context, other.authority, "localhost")


def test_a_renewed_certificate_is_shown_to_new_connections(tmp_path: Path) -> None:
    clock = Clock()
    certificates = made(tmp_path, clock=clock)
    context = certificates.context()
    first = shake(context, certificates.authority, "localhost")
    clock.now += timedelta(days=250)
    assert certificates.renew()
    assert (tmp_path / "server.crt").exists()
    # not valid yet by the real clock is no matter here: a certificate begins an hour before the clock that made it
    with pytest.raises(ssl.SSLCertVerificationError, match="not yet valid"):
        shake(context, certificates.authority, "localhost")
    assert first


def test_a_server_on_all_addresses_is_called_by_none_of_them() -> None:
    names = names_of_this_machine("0.0.0.0", ["fizz.example"])
    assert {"localhost", "127.0.0.1", "::1", "fizz.example"} <= set(names)
    assert "0.0.0.0" not in names
