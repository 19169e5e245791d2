"""From a `Build` to the parameters of the engine's build request. Pure; what such a request cannot say is refused.

| field | BuildKit | classic builder |
|---|---|---|
| `memory` | refused: it has no such limit | the limit of RUN steps |
| `shmSize`, `ulimits` | since API 1.42; a warning before | limits of RUN steps |
| `isolation` | Windows only | Windows only |

Source: "Build an image" in the Docker Engine API's reference, versions 1.41 to 1.51.
"""

import hashlib
import tarfile
from collections.abc import Iterator
from typing import Final

import orjson

from fizz.controllers.node.docker_connection import Params
from fizz.controllers.node.engine import ApiVersion, BuildFailed
from fizz.schemas.images import Build

__all__ = ["build_params", "build_warnings", "dockerfile_member"]

_LIMITS_IN_BUILDKIT: Final[ApiVersion] = (1, 42)


def build_params(build: Build) -> Params:
    """The parameters. Raises `BuildFailed` naming what the chosen builder cannot do."""
    _check(build)
    params: dict[str, str | list[str]] = {
        "version": "2" if build.builder == "buildkit" else "1",
        "t": list(build.tags),
        "dockerfile": _dockerfile(build),
        "rm": "1",
        "forcerm": "1",
        "buildargs": _json(build.args),
        "labels": _json(build.labels),
        "cachefrom": _json(build.cache_from),
        "extrahosts": ",".join(build.extra_hosts),
        "ulimits": _json([{"Name": each.name, "Soft": each.soft, "Hard": each.hard} for each in build.ulimits]),
        "remote": build.remote or "",
        "target": build.target or "",
        "networkmode": build.network or "",
        "shmsize": str(build.shm_size or ""),
        "memory": str(build.memory or ""),
        "memswap": "-1" if build.memory else "",
        "platform": build.platform or "",
        "isolation": build.isolation or "",
        "pull": "1" if build.pull else "",
        "nocache": "1" if build.no_cache else "",
    }
    return {key: value for key, value in params.items() if value}


def dockerfile_member(build: Build) -> Iterator[bytes]:
    """What goes in front of the context's tar file: a Dockerfile that is not in the context, if that is so."""
    if build.dockerfile_text is not None:
        content = build.dockerfile_text.encode()
        member = tarfile.TarInfo(_dockerfile(build))
        member.size = len(content)
        yield member.tobuf(tarfile.PAX_FORMAT)
        yield content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)


def _dockerfile(build: Build) -> str:
    """The Dockerfile's place in the context. The same text has the same name: builders look into their caches by it."""
    if build.dockerfile_text is None:
        return build.dockerfile
    return f".dockerfile.{hashlib.sha256(build.dockerfile_text.encode()).hexdigest()[:12]}"


def build_warnings(build: Build, version: ApiVersion) -> list[str]:
    """What this engine leaves out, though the image may be the same without it."""
    if build.builder == "classic" or version >= _LIMITS_IN_BUILDKIT:
        return []
    named = [name for name, value in (("shm_size", build.shm_size), ("ulimits", build.ulimits)) if value]
    return [
        f"{name} of a build needs Docker 23.0 with BuildKit and has no effect here; DOCKER_BUILDKIT=0 honours it"
        for name in named
    ]


def _check(build: Build) -> None:
    if build.remote and build.dockerfile_text is not None:
        raise BuildFailed("a remote context brings its own Dockerfile; name the one in it that is meant")
    if build.builder == "buildkit" and build.memory:
        raise BuildFailed("BuildKit knows no limit of memory; leave it out, or build with DOCKER_BUILDKIT=0")


def _json(value: object) -> str:
    return orjson.dumps(value).decode() if value else ""
