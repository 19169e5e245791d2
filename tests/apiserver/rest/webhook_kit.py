"""A webhook that really listens, over TLS, and does what a test tells it; and configurations that ask it."""

import base64
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["BASE", "CONFIG_MAPS", "JSON", "Hook", "certificate", "configuration", "hooking", "patching", "reviewed"]

JSON = dict[str, Any]
BASE: Final = "/apis/admissionregistration.k8s.io/v1"
CONFIG_MAPS: Final[JSON] = {
    "operations": ["*"],
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["configmaps"],
}
Answering = Callable[[JSON], Awaitable[web.StreamResponse] | web.StreamResponse]


@cache
def certificate(*names: str) -> tuple[str, str]:
    """A certificate that signed itself, for names and addresses, and its key; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def reviewed(review: JSON, **response: Any) -> web.Response:
    """The answer to a review; allowed, unless something else is said."""
    whole = {"uid": review["request"]["uid"], "allowed": True, **response}
    return web.json_response({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": whole})


def patching(*operations: JSON) -> Answering:
    """An answer that changes the object."""
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return lambda review: reviewed(review, patch=patch, patchType="JSONPatch")


@dataclass
class Hook:
    """A webhook. `answer` makes its answers of reviews, `seen` has all requests that came, over `connections`."""

    port: int
    bundle: str
    answer: Answering = reviewed
    seen: list[JSON] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    def client(self, path: str = "/check") -> JSON:
        """How it is reached."""
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.bundle}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        review = await request.json()
        self.connections.add(request.transport)
        self.seen.append({**review["request"], "path": request.path, "query": dict(request.query)})
        found = self.answer(review)
        return found if isinstance(found, web.StreamResponse) else await found


@asynccontextmanager
async def hooking(*names: str) -> AsyncIterator[Hook]:
    """A webhook that listens on a free port of 127.0.0.1, with a certificate for these names."""
    pem, key = certificate(*(names or ("127.0.0.1",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        files = Path(folder, "cert.pem"), Path(folder, "key.pem")
        for file, text in zip(files, (pem, key), strict=True):
            file.write_text(text)
        context.load_cert_chain(*files)
    hook = Hook(0, base64.b64encode(pem.encode()).decode())
    app = web.Application()
    app.router.add_post("/{tail:.*}", hook.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        hook.port = runner.addresses[0][1]
        yield hook
    finally:
        await runner.cleanup()


def configuration(kind: str, name: str, *hooks: JSON) -> JSON:
    """A configuration; each of the hooks is made whole: what it says goes over what most of them say."""
    whole = [
        {
            "name": f"hook{index}.example.com",
            "rules": [CONFIG_MAPS],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **hook,
        }
        for index, hook in enumerate(hooks)
    ]
    metadata = {"name": name}
    return {"apiVersion": BASE.removeprefix("/apis/"), "kind": kind, "metadata": metadata, "webhooks": whole}
