"""Images: pulled when the policy says so, each once at a time, however many containers wait for it.

Pulls go on by themselves; a container that needs one looks again when it is done. So nothing waits for a pull but the
containers that need the image, and those can be deleted meanwhile.

| policy | pulled |
|---|---|
| missing (and none) | when the engine does not have the image |
| always | for every new Container |
| daily, weekly, every_<time> | for a new Container, if the image was named longer ago than that |
| never, build | never: building is the client's |

A Container whose `imageID` says which image it is, by content, has had its pull: `fizz up` looks for newer images, and
what it found is what runs, in every replica and after a rollback.

For `missing` nobody asks whether the image is there: the container is created, and the engine says if it is not.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from fizz.client.objects import Key
from fizz.controllers.node import engine as engines
from fizz.controllers.node.engine import EngineError
from fizz.controllers.node.pull_progress import Layers
from fizz.controllers.node.retries import Retries
from fizz.controllers.node.status import Trouble
from fizz.schemas.container import Container
from fizz.schemas.durations import parse_duration

__all__ = ["Images", "Tell"]

Tell = Callable[[Key, Literal["Normal", "Warning"], str, str], None]
"""Records an Event about the Container of that key."""

_NEVER_PULLED: Final = frozenset({"never", "build"})
_AGES: Final = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_EVERY: Final = "every_"
_FIRST_RETRY_SECONDS: Final = 2.0
_LAST_RETRY_SECONDS: Final = 300.0

log: Final = structlog.get_logger()

_Wanted = tuple[str, str]
"""An image and a platform, empty for the host's."""


def max_age(policy: str) -> timedelta | None:
    """How old an image may be without being pulled; 0 for one that always is, None for one that never is if there."""
    if policy == "always":
        return timedelta()
    if policy.startswith(_EVERY):
        return timedelta(microseconds=parse_duration(policy.removeprefix(_EVERY)) / 1000)
    return _AGES.get(policy)


@dataclass(slots=True)
class _Pull:
    """A pull that goes on; `waiting` are the Containers, by key and uid, that wait for it."""

    task: asyncio.Task[None]
    waiting: dict[Key, str] = field(default_factory=dict)


class Images:
    """`look` is called for each Container whose image is there now, or whose pull failed."""

    def __init__(
        self,
        engine: engines.Images,
        look: Callable[[Key], None],
        tell: Tell,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._engine, self._look, self._tell, self._now = engine, look, tell, now
        self._pulls: dict[_Wanted, _Pull] = {}
        self._errors: dict[_Wanted, str] = {}
        self._retries: Retries[_Wanted] = Retries(clock, first=_FIRST_RETRY_SECONDS, last=_LAST_RETRY_SECONDS)
        self._satisfied: dict[Key, str] = {}
        """By key: the uid of the Container that has had its pull."""

    async def before_creating(self, container: Container) -> Trouble | None:
        """What keeps the container from being created; None if nothing does. Begins a pull if one is due."""
        policy = container.spec.pull_policy or "missing"
        key = Key(container.namespace, container.name)
        age = max_age(policy)
        if age is None or self._satisfied.get(key) == container.metadata.uid or await self._has_chosen(container):
            return None
        if age:
            image = await self._engine.image(container.spec.image)
            if image and image.tagged_at and self._now() - image.tagged_at < age:
                return None
        return self._pull(container)

    async def reference(self, container: Container) -> str:
        """What the engine is told to run: the image's name, or its id if the name stands for another one by now."""
        chosen, name = container.spec.image_id, container.spec.image
        if chosen is None:
            return name
        named = await self._engine.image(name)
        if named is not None and named.id == chosen:
            return name
        return chosen if await self._engine.image(chosen) else name

    async def declared_volumes(self, image: str) -> tuple[str, ...]:
        """The paths that the image declares as volumes; none if it is not there."""
        found = await self._engine.image(image)
        return found.volumes if found is not None else ()

    async def _has_chosen(self, container: Container) -> bool:
        """Whether it was said which image it is, by content, and the engine has it: there is nothing to look for."""
        chosen = container.spec.image_id
        return chosen is not None and await self._engine.image(chosen) is not None

    def missing(self, container: Container) -> Trouble:
        """The engine said that it does not have the image. Begins a pull if the policy allows one."""
        if (container.spec.pull_policy or "missing") in _NEVER_PULLED:
            hint = "build or load it" if container.spec.pull_policy == "build" else "load it, or allow pulling"
            message = f"image {container.spec.image!r} is not in the engine and pullPolicy forbids to pull it; {hint}"
            return Trouble("Pending", "ImageMissing", message)
        return self._pull(container)

    def forget(self, container: Container) -> None:
        """The Container is gone."""
        self._satisfied.pop(Key(container.namespace, container.name), None)

    async def close(self) -> None:
        """Give up all pulls."""
        tasks = [pull.task for pull in self._pulls.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _pull(self, container: Container) -> Trouble:
        wanted = (container.spec.image, container.spec.platform or "")
        key, uid = Key(container.namespace, container.name), container.metadata.uid or ""
        wait = self._retries.remaining(wanted)
        if wanted not in self._pulls and wait > 0:
            return Trouble("Pending", "ImagePullFailed", self._errors[wanted], retry_after=wait)
        if wanted not in self._pulls:
            task = asyncio.get_running_loop().create_task(self._run(wanted), name=f"pull {wanted[0]}")
            self._pulls[wanted] = _Pull(task)
        if key not in self._pulls[wanted].waiting:
            self._tell(key, "Normal", "Pulling", f"pulling image {wanted[0]!r}")
        self._pulls[wanted].waiting[key] = uid
        return Trouble("Creating", "Pulling")

    async def _run(self, wanted: _Wanted) -> None:
        image, platform = wanted
        begun = self._now()
        error = ""
        try:
            log.info("pulling image", image=image, platform=platform or None)
            layers = Layers()
            async for layer in self._engine.pull(image, platform):
                if layers.take(layer):
                    count = layers.progress
                    log.info("pulling image", image=image, layers_done=count.done, layers=count.total)
        except EngineError as problem:
            error = f"image {image!r} cannot be pulled: {problem}"
            log.warning("pull failed", image=image, error=str(problem))
        finally:
            waiting = self._pulls.pop(wanted).waiting
        if error:
            self._errors[wanted] = error
            self._retries.failed(wanted)
        else:
            self._retries.succeeded(wanted)
        seconds = (self._now() - begun).total_seconds()
        for key, uid in waiting.items():
            if error:
                self._tell(key, "Warning", "Failed", error)
            else:
                self._satisfied[key] = uid
                self._tell(key, "Normal", "Pulled", f"pulled image {image!r} in {seconds:.1f} s")
            self._look(key)
