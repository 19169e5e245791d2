"""What `build` of a service asks for, as requests to the engine. Pure.

What the engine's build request cannot say is told: as a warning where the image is the same without it, as an error
where it would be another.

| key | |
|---|---|
| `cache_to`, `provenance`, `sbom` | warning: they say what becomes of the build besides the image |
| `no_cache_filter` | nothing at all is taken from the cache |
| `privileged`, `entitlements` | nothing: a RUN step that needs one fails by itself |
| `platforms` with several | the service's `platform`, else the first; warning |
| `secrets`, `ssh` | error: the image would lack what comes of them |
| `additional_contexts` | folders and images of services are built first; `docker-image://` is used as it is |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fizz.client.compose.paths import is_remote_context
from fizz.client.compose.problems import Problem, Problems
from fizz.client.compose.project import Project
from fizz.schemas import labels
from fizz.schemas.images import Build
from fizz.schemas.limits import Ulimit

__all__ = ["BuildPlan", "plan_builds"]

JSON = dict[str, Any]

_SERVICE: Final = "service:"
_IMAGE: Final = "docker-image://"
_BUILDX: Final = "build that image with docker buildx, and name it as image"


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """How the image of a service is built.

    `context` is a folder, or a URL if `request.remote` is set. `dockerfile` is a path below or beside it, `inline` the
    text instead. `problems` are what its author must know before it is built. `folders`, `images` and `services` are
    what further contexts are, by name: folders, names of images, and services that are built before.
    """

    service: str
    image: str
    context: str
    request: Build
    dockerfile: str = ""
    inline: str | None = None
    problems: tuple[Problem, ...] = ()
    folders: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)


def plan_builds(project: Project, environment: Mapping[str, str]) -> dict[str, BuildPlan]:
    """The plan for each service that has `build`.

    Of the environment, DOCKER_BUILDKIT and DOCKER_DEFAULT_PLATFORM count.
    """
    return {
        name: _Planner(project, name, environment).plan()
        for name, service in project.services.items()
        if service.get("build") is not None and not service.get("provider")
    }


class _Planner:
    """Plans one build."""

    def __init__(self, project: Project, name: str, environment: Mapping[str, str]) -> None:
        self._project, self._name, self._problems = project, name, Problems()
        self._environment = environment
        self._service = project.services[name]
        self._build: JSON = self._service["build"]

    def plan(self) -> BuildPlan:
        build, name = self._build, self._name
        context = str(build.get("context") or self._project.directory)
        remote = is_remote_context(context)
        self._warn_of_extras()
        for key in ("secrets", "ssh"):
            if build.get(key):
                self._error(key, "is not available yet: it needs a session with BuildKit", _BUILDX)
        image = self._project.image(name)
        request = Build(
            tags=list(dict.fromkeys([image, *build.get("tags", ())])),
            remote=context if remote else None,
            dockerfile=build.get("dockerfile") or "Dockerfile",
            target=build.get("target"),
            args={key: value for key, value in (build.get("args") or {}).items() if value is not None},
            labels={
                **(build.get("labels") or {}),
                labels.COMPOSE_PROJECT: self._project.name,
                labels.COMPOSE_SERVICE: name,
            },
            cache_from=list(build.get("cache_from", ())),
            network=build.get("network"),
            extra_hosts=[line.replace("=", ":", 1) for line in build.get("extra_hosts", ())],
            shm_size=int(build["shm_size"]) if build.get("shm_size") else None,
            ulimits=_ulimits(build.get("ulimits") or {}),
            platform=self._platform(),
            isolation=build.get("isolation"),
            pull=bool(build.get("pull")),
            no_cache=bool(build.get("no_cache") or build.get("no_cache_filter")),
            builder="classic" if self._environment.get("DOCKER_BUILDKIT") in {"0", "false"} else "buildkit",
        )
        folders, images, services = self._contexts()
        return BuildPlan(
            service=name,
            image=image,
            context=context,
            request=request,
            dockerfile=build.get("dockerfile") or "",
            inline=build.get("dockerfile_inline"),
            problems=self._problems.all(),
            folders=folders,
            images=images,
            services=services,
        )

    def _warn_of_extras(self) -> None:
        for key in ("cache_to", "provenance", "sbom"):
            if self._build.get(key) not in (None, [], False, "false"):
                self._warn(key, "is left out; the image is the same without it", "docker buildx build does that")

    def _platform(self) -> str | None:
        wanted = self._service.get("platform") or self._environment.get("DOCKER_DEFAULT_PLATFORM")
        listed = self._build.get("platforms") or []
        if len(listed) > 1:
            chosen = wanted or listed[0]
            self._warn("platforms", f"names several; the image is built for {chosen} only", "set platform to choose")
        return wanted or (listed[0] if listed else None)

    def _contexts(self) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        folders, images, services = {}, {}, {}
        for name, value in (self._build.get("additional_contexts") or {}).items():
            if value.startswith(_SERVICE):
                services[name] = value.removeprefix(_SERVICE)
            elif value.startswith(_IMAGE):
                images[name] = value.removeprefix(_IMAGE)
            elif is_remote_context(value) or value.startswith("oci-layout://"):
                self._error("additional_contexts", f"takes no {value} yet", "fetch it into a folder first")
            else:
                folders[name] = str(Path(self._project.directory, value))
        return folders, images, services

    def _warn(self, key: str, text: str, hint: str) -> None:
        path = ("services", self._name, "build", key)
        self._problems.warn(self._project.place(*path), text, path=path, hint=hint)

    def _error(self, key: str, text: str, hint: str) -> None:
        path = ("services", self._name, "build", key)
        self._problems.error(self._project.place(*path), text, path=path, hint=hint)


def _ulimits(ulimits: JSON) -> list[Ulimit]:
    return [
        Ulimit(name=name, soft=limit["soft"], hard=limit["hard"])
        if isinstance(limit, dict)
        else Ulimit(name=name, soft=limit, hard=limit)
        for name, limit in ulimits.items()
    ]
