"""Digests of images, as their registries say: what pins `nginx:1` to the very image that it stands for now.

The engine is asked, because it knows the registries that the user trusts and how to get there.
"""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Final

from fizz.client.cli.failures import Failure

if TYPE_CHECKING:  # the engine's client costs time that pinned images need not spend
    from docker import APIClient

__all__ = ["ask_engine", "full_name", "pinned"]

_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}$")
_AT_ONCE: Final = 8


def full_name(image: str) -> str:
    """The name with registry and tag, in which a digest takes the tag's place.

    >>> full_name("nginx"), full_name("ghcr.io/me/app:2"), full_name("me/app:1@sha256:" + 64 * "0")[:16]
    ('docker.io/library/nginx:latest', 'ghcr.io/me/app:2', 'docker.io/me/app')
    """
    name, at, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    registry = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    host, path = (first, rest) if registry else ("docker.io", name)
    if host in {"docker.io", "index.docker.io"}:
        host, path = "docker.io", path if "/" in path else f"library/{path}"
    path, _, tag = path.partition(":")
    return f"{host}/{path}{at}{digest}" if at else f"{host}/{path}:{tag or 'latest'}"


def pinned(images: Mapping[str, str], ask: Callable[[str], str]) -> dict[str, str]:
    """The images with digests, by the same keys. `ask` tells the digest of a full name, from several threads."""
    names = {key: full_name(image) for key, image in images.items()}
    asked = sorted({name for name in names.values() if not _DIGEST.search(name)})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = {name: f"{name}@{digest}" for name, digest in zip(asked, pool.map(ask, asked), strict=True)}
    return {key: found.get(name, name) for key, name in names.items()}


def ask_engine(environ: Mapping[str, str]) -> Callable[[str], str]:
    """Asks the engine, which is looked for when the first digest is wanted. Raises `Failure`."""

    @cache
    def engine() -> "APIClient":
        import docker

        return docker.DockerClient.from_env(environment=dict(environ)).api

    def ask(name: str) -> str:
        from docker.errors import DockerException

        try:
            answer = engine().inspect_distribution(name)  # type: ignore[no-untyped-call]  # the stubs say nothing of it
        except DockerException as error:
            reason = getattr(error, "explanation", None) or error
            raise Failure(f"cannot tell the digest of {name}: {reason}") from error
        return str(answer["Descriptor"]["digest"])

    return ask
