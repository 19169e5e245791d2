"""`use_api_socket`: the container gets the engine's socket, and the credentials that its user has for registries.

The socket itself is the agent's to mount, because it knows where its engine listens. The credentials are a Secret of
the project, which becomes a file; a service that sets DOCKER_CONFIG by itself brings its own.
"""

import base64
import json
from typing import Any, Final

from docker import auth

from fizz.client.compose.translate.meta import Scope
from fizz.schemas.core import Secret
from fizz.schemas.mounts import FileProjection

__all__ = ["socket_file", "socket_variable", "translate_api_socket"]

JSON = dict[str, Any]

_SECRET: Final = "fizz-api-socket"  # the name of one
_KEY: Final = "config.json"
_VARIABLE: Final = "DOCKER_CONFIG"
_FOLDER: Final = "/run/secrets/docker"


def translate_api_socket(scope: Scope, services: JSON) -> list[Secret]:
    """The Secret with the user's credentials, if a service asks for them."""
    if not any(_brings_credentials(service) for service in services.values()):
        return []
    content = json.dumps({"auths": _credentials()}, sort_keys=True)
    data = {_KEY: base64.b64encode(content.encode()).decode()}
    return [Secret(metadata=scope.meta(_SECRET), type="Opaque", data=data)]


def socket_variable(service: JSON) -> dict[str, str | None]:
    """The variable that leads programs to the credentials."""
    return {_VARIABLE: _FOLDER} if _brings_credentials(service) else {}


def socket_file(service: JSON) -> list[FileProjection]:
    """The credentials as a file."""
    if not _brings_credentials(service):
        return []
    return [FileProjection(name=_SECRET, key=_KEY, target=f"{_FOLDER}/{_KEY}")]


def _brings_credentials(service: JSON) -> bool:
    return bool(service.get("use_api_socket")) and _VARIABLE not in (service.get("environment") or {})


def _credentials() -> JSON:
    """What the user's Docker configuration knows of registries, from its file and its credential helpers."""
    found: JSON = auth.load_config().get_all_credentials()  # type: ignore[no-untyped-call]  # the library has no types
    return {registry: _entry(each) for registry, each in found.items() if registry and each}


def _entry(each: JSON) -> JSON:
    user, password, token = (each.get(key) or "" for key in ("Username", "Password", "IdentityToken"))
    written = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"auth": written, **({"identitytoken": token} if token else {})}
