"""Building the images of a project's services: contexts are packed here, the engine of a node builds.

Builds run side by side; one whose context is the image of another service waits for that. A folder that is a further
context becomes an image of its own first, so that every builder of every engine can take files from it.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from fizz.client.cli.failures import Failure
from fizz.client.cli.progress import Progress
from fizz.client.cli.project import unusable
from fizz.client.cli.steps import show_steps
from fizz.client.compose import Severity
from fizz.client.compose.builds import BuildPlan
from fizz.client.images import ContextError, Ignore, IgnoreError, ImageError, NodeImages, pack
from fizz.client.images.dockerfile import line_of_step, plain_message, with_stages
from fizz.schemas.images import Build
from fizz.schemas.ordering import dependents_first

__all__ = ["BuildOptions", "build_images", "with_needed"]

_AT_ONCE: Final = 8
"""Builds that send their contexts at the same time."""
_IGNORE: Final = ".dockerignore"
_CONTEXT_DOCKERFILE: Final = "FROM scratch\nCOPY . /\n"


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a command says about all builds; what is not said stays as it is in the file."""

    args: Mapping[str, str] | None = None
    no_cache: bool = False
    pull: bool = False
    memory: int | None = None

    def over(self, build: Build) -> Build:
        """The build with what was said."""
        changes: dict[str, object] = {"args": {**build.args, **(self.args or {})}}
        changes |= {"no_cache": True} if self.no_cache else {}
        changes |= {"pull": True} if self.pull else {}
        changes |= {"memory": self.memory} if self.memory else {}
        return build.model_copy(update=changes)


def with_needed(plans: Mapping[str, BuildPlan], chosen: Sequence[str]) -> dict[str, BuildPlan]:
    """The plans of the chosen services and of those whose images these build on."""
    found: dict[str, BuildPlan] = {}
    left = list(chosen)
    while left:
        name = left.pop()
        if name in plans and name not in found:
            found[name] = plans[name]
            left += plans[name].services.values()
    return {name: plan for name, plan in plans.items() if name in found}


async def build_images(
    node: NodeImages, plans: Mapping[str, BuildPlan], options: BuildOptions, screen: Progress
) -> dict[str, str]:
    """Build all of them; the ids of the images by service. Raises `Failure` naming those that failed, and why.

    What their authors must know is told first.
    """
    _check_circles(plans)
    _tell_problems(plans)
    slots = asyncio.Semaphore(_AT_ONCE)
    builds: dict[str, asyncio.Task[str]] = {}

    async def build(plan: BuildPlan) -> str:
        needed = [builds[name] for name in plan.services.values() if name in builds]
        await asyncio.gather(*needed)
        async with slots:
            return await _Builder(node, plan, plans, options, screen).build()

    try:
        async with asyncio.TaskGroup() as group:
            for name in reversed(dependents_first({name: [*plan.services.values()] for name, plan in plans.items()})):
                builds[name] = group.create_task(build(plans[name]), name=f"build {name}")
    except ExceptionGroup as problems:  # what `except*` raises is wrapped again by Python before 3.11.4
        failures = problems.subgroup(Failure)
        if failures is None:
            raise
        raise _first(failures) from None
    return {name: task.result() for name, task in builds.items()}


def _first(failures: BaseExceptionGroup[Failure]) -> BaseException:
    found: BaseException = failures
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def _check_circles(plans: Mapping[str, BuildPlan]) -> None:
    for name in plans:
        above, step = {name}, [*plans[name].services.values()]
        while step:
            other = step.pop()
            if other == name:
                raise Failure(f"service {name!r} is built from its own image: additional_contexts makes a circle")
            if other in plans and other not in above:
                above.add(other)
                step += plans[other].services.values()


def _tell_problems(plans: Mapping[str, BuildPlan]) -> None:
    """Warnings are told; errors are raised, all at once."""
    problems = [problem for plan in plans.values() for problem in plan.problems]
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise unusable(problems)
    for problem in problems:
        click.echo(problem.format(), err=True)


class _Builder:
    """Builds one image."""

    def __init__(
        self,
        node: NodeImages,
        plan: BuildPlan,
        plans: Mapping[str, BuildPlan],
        options: BuildOptions,
        screen: Progress,
    ) -> None:
        self._node, self._plan, self._plans = node, plan, plans
        self._options, self._screen = options, screen

    async def build(self) -> str:
        """The id of the image. Raises `Failure`."""
        plan = self._plan
        request = self._options.over(plan.request)
        self._screen.show({plan.service: "building"})
        if request.remote:
            if plan.inline is not None:
                raise Failure(f"service {plan.service!r}: a remote context brings its own Dockerfile")
            return await self._run(request, None, "", "")
        folder = self._folder(plan.context, "to build from")
        text, shown, inside = self._dockerfile(folder)
        try:
            ignore = self._ignore(folder, Path(shown) if shown else None)
            if request.builder == "classic" and inside is not None:
                ignore = ignore.but(inside, _IGNORE)  # it reads both there, and then leaves out what is ignored
            full = with_stages(text, await self._stages())
            sent = full != text or inside is None or ignore(inside)
            request = request.model_copy(
                update={"dockerfile_text": full if sent else None, "dockerfile": inside or "Dockerfile"}
            )
            added = len(full.splitlines()) - len(text.splitlines())
            return await self._run(request, pack(folder, ignore), full, shown, added)
        except (ContextError, IgnoreError) as error:
            raise Failure(f"service {plan.service!r}: {error}") from error

    def _folder(self, path: str, purpose: str) -> Path:
        folder = Path(path)
        if not folder.is_dir():
            raise Failure(f"service {self._plan.service!r}: there is no folder {folder} {purpose}")
        return folder

    def _dockerfile(self, folder: Path) -> tuple[str, str, str | None]:
        """The text, the file as people know it, and its path in the context: None if it is not in there."""
        plan = self._plan
        if plan.inline is not None:
            return plan.inline, "", None
        path = folder / (plan.dockerfile or "Dockerfile")
        if not plan.dockerfile and not path.is_file() and (folder / "dockerfile").is_file():
            path = folder / "dockerfile"
        try:
            text = path.read_text()
        except OSError as error:
            hint = "" if plan.dockerfile else "; `dockerfile` in build names another"
            raise Failure(f"service {plan.service!r}: no Dockerfile at {path}: {error.strerror}{hint}") from error
        path, folder = Path(os.path.normpath(path)), Path(os.path.normpath(folder))
        inside = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else None
        return text, str(path), inside

    @staticmethod
    def _ignore(folder: Path, dockerfile: Path | None) -> Ignore:
        """The Dockerfile's own ignore file, else the context's."""
        own = [dockerfile.with_name(f"{dockerfile.name}{_IGNORE}")] if dockerfile else []
        for file in (*own, folder / _IGNORE):
            if file.is_file():
                try:
                    return Ignore.of_file(file.read_bytes())
                except IgnoreError as error:
                    raise IgnoreError(f"{file}: {error}") from error
        return Ignore([])

    async def _stages(self) -> dict[str, str]:
        """What further contexts are as stages: names of images by name of the context."""
        plan = self._plan
        stages = dict(plan.images)
        for name, service in plan.services.items():
            if service not in self._plans:
                raise Failure(f"service {plan.service!r} is built from the image of {service!r}, which is not built")
            stages[name] = self._plans[service].image
        for name, folder in plan.folders.items():
            stages[name] = await self._folder_image(name, self._folder(folder, f"for the context {name!r}"))
        return stages

    async def _folder_image(self, name: str, folder: Path) -> str:
        repository = self._plan.image.rpartition(":")[0] if ":" in self._plan.image.rpartition("/")[2] else ""
        image = f"{repository or self._plan.image}:context-{name}"
        request = Build(
            tags=[image],
            dockerfile_text=_CONTEXT_DOCKERFILE,
            builder=self._plan.request.builder,
            labels=self._plan.request.labels,
        )
        subject = f"{self._plan.service} context {name}"
        await self._steps(request, pack(folder, self._ignore(folder, None)), subject)
        return image

    async def _run(
        self, request: Build, context: AsyncIterator[bytes] | None, text: str, shown: str, added: int = 0
    ) -> str:
        try:
            return await self._steps(request, context, self._plan.service)
        except ImageError as error:
            line = line_of_step(text, error.step, str(error))
            said = plain_message(str(error), added)
            where = shown or ("dockerfile_inline" if text else self._plan.context)
            place = f"{where}:{line - added}: " if line and line > added else f"{where}: "
            raise Failure(f"{place}the image of service {self._plan.service!r} cannot be built: {said}") from error

    async def _steps(self, request: Build, context: AsyncIterator[bytes] | None, subject: str) -> str:
        return await show_steps(self._screen, subject, self._node.build(request, context), "built")
