"""The images of the `FakeEngine`.

A build's image is made of what is in its context: the same context gives the same id. A Dockerfile with a line `FAIL`
cannot be built.
"""

import hashlib
import io
import tarfile
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable

from fizz.controllers.node.engine import (
    BuildFailed,
    EngineImage,
    Missing,
    PullFailed,
    PushFailed,
)
from fizz.controllers.node.fake_container import FakeContainer
from fizz.controllers.node.fake_host import FakeHost
from fizz.schemas.images import Build, Progress

__all__ = ["FakeImages"]


class FakeImages(FakeHost, ABC):
    """Verbs for images."""

    async def image(self, name: str) -> EngineImage | None:
        await self.enter("image")
        if name in self.ids.values():
            return EngineImage(name, tags=tuple(tag for tag in sorted(self.images) if self.id_of(tag) == name))
        if name not in self.images:
            return None
        return EngineImage(self.id_of(name), tags=(name,), volumes=tuple(self.declared.get(name, ())))

    async def pull(self, name: str, platform: str) -> AsyncGenerator[Progress, None]:
        await self.enter("pull")
        if name not in self.registry:
            raise PullFailed(f"pull access denied for {name}, repository does not exist")
        yield Progress(id="layer", name="layer", state="waiting", detail="Pulling fs layer")
        self.images.add(name)
        yield Progress(id="layer", name="layer", state="done", detail="Pull complete")

    async def push(self, name: str) -> AsyncGenerator[Progress, None]:
        await self.enter("push")
        if name not in self.images:
            raise PushFailed(f"An image does not exist locally with the tag: {name}")
        yield Progress(id="layer", name="layer", state="running", detail="Pushing", done=1, total=2)
        self.registry.add(name)
        yield Progress(id="layer", name="layer", state="done", detail="Pushed")

    async def build(self, build: Build, context: AsyncIterable[bytes]) -> AsyncGenerator[Progress, None]:
        await self.enter("build")
        content = b"".join([chunk async for chunk in context])
        self.builds.append((build, content))
        instructions = _dockerfile(build, content).splitlines()
        for number, instruction in enumerate(instructions, 1):
            name = f"[{number}/{len(instructions)}] {instruction}"
            yield Progress(id=str(number), name=name, state="running")
            if instruction == "FAIL":
                yield Progress(id=str(number), name=name, state="failed", detail="unknown instruction: FAIL")
                raise BuildFailed(f"dockerfile parse error line {number}: unknown instruction: FAIL")
            yield Progress(id=str(number), name=name, state="done")
        image = f"sha256:{hashlib.sha256(build.model_dump_json().encode() + _meaning(content)).hexdigest()}"
        for tag in build.tags:
            self.images.add(tag)
            self.ids[tag] = image
        yield Progress(image=image)

    # Inside

    def id_of(self, name: str) -> str:
        """The id of the image of that name."""
        return self.ids.get(name, f"sha256:{name}")

    @abstractmethod
    async def enter(self, verb: str) -> None:
        """Begin a verb: what tests have prepared for it happens."""

    def box(self, container: str) -> FakeContainer:
        """The container of that id. Raises `Missing`."""
        if container not in self.boxes:
            raise Missing(f"No such container: {container}")
        return self.boxes[container]


def _dockerfile(build: Build, content: bytes) -> str:
    if build.dockerfile_text is not None:
        return build.dockerfile_text
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        try:
            file = tar.extractfile(build.dockerfile)
        except KeyError:
            raise BuildFailed(f"Cannot locate specified Dockerfile: {build.dockerfile}") from None
        return file.read().decode() if file else ""


def _meaning(content: bytes) -> bytes:
    """What a builder's cache goes by: names, modes and contents, not times."""
    if not content:
        return b""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        parts = [(m.name, m.mode, m.linkname, f.read() if (f := tar.extractfile(m)) else b"") for m in tar]
    return repr(sorted(parts)).encode()
