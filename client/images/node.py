"""Images of a node's engine, through the API server: looked at, pulled, pushed, built.

What takes time tells its steps as `Progress`, the last one with the image's id. If it comes to nothing, `ImageError`
says why.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import Final

import aiohttp
import orjson

from fizz.client.errors import ApiError
from fizz.client.objects import resource_of
from fizz.client.reading import Reader
from fizz.client.requests import Query
from fizz.schemas import kinds
from fizz.schemas.images import Build, Image, Progress

__all__ = ["ImageError", "NodeImages", "image_node"]

_NODES: Final = resource_of(next(kind for kind in kinds.BUILTIN if kind.kind == "Node"))


class ImageError(Exception):
    """A build, pull or push came to nothing; the message says why. `step` is what the failed step is about."""

    def __init__(self, message: str, step: str = "") -> None:
        super().__init__(message)
        self.step = step


async def image_node(client: Reader) -> str | None:
    """The node whose engine images are built and pulled in: the first by name that is ready; None if none is."""
    listed = await client.list(_NODES.kind)
    ready = [item["metadata"]["name"] for item in listed.items if _is_ready(item.get("status") or {})]
    return min(ready, default=None)


def _is_ready(status: dict[str, object]) -> bool:
    conditions = status.get("conditions")
    return bool(status.get("agent")) and any(
        each["type"] == "Ready" and each["status"] == "True"
        for each in (conditions if isinstance(conditions, list) else ())
    )


class NodeImages:
    """The images of one node."""

    def __init__(self, client: Reader, node: str) -> None:
        self._client, self.node = client, node

    async def images(self, names: Iterable[str]) -> dict[str, Image]:
        """By name, those that are there."""
        query = [("name", name) for name in dict.fromkeys(names)]
        answer = await self._client.raw("GET", self._path("images"), query=query)
        return {name: Image.load(image) for name, image in answer["images"].items()}

    def pull(self, name: str, platform: str = "") -> AsyncGenerator[Progress, None]:
        """Fetch an image, for a platform if that is said."""
        query = [("name", name)] + ([("platform", platform)] if platform else [])
        return self._steps("pull", query)

    def push(self, name: str) -> AsyncGenerator[Progress, None]:
        """Bring an image to its registry."""
        return self._steps("push", [("name", name)])

    def build(self, build: Build, context: AsyncIterable[bytes] | None) -> AsyncGenerator[Progress, None]:
        """Build an image. `context` is a tar file, None if the build says that it is remote."""
        form = aiohttp.MultipartWriter("form-data")
        part = form.append(orjson.dumps(build.dump()))
        part.set_content_disposition("form-data", name="build")
        if context is not None:
            part = form.append(context)
            part.set_content_disposition("form-data", name="context", filename="context.tar")
        return self._steps("build", (), form)

    async def _steps(
        self, verb: str, query: Query, upload: aiohttp.MultipartWriter | None = None
    ) -> AsyncGenerator[Progress, None]:
        lines = self._client.lines("POST", self._path(verb), query=query, upload=upload)
        failed = ""
        try:
            async with aclosing(lines):
                async for line in lines:
                    step = Progress.load(line)
                    if step.error is not None:
                        raise ImageError(step.error, failed)
                    if step.state == "failed":
                        failed = step.name or ""
                    yield step
                    if step.image is not None:
                        return
        except ApiError as error:
            raise ImageError(error.message, failed) from error
        raise ImageError(f"node {self.node} stopped before the {verb} was over", failed)

    def _path(self, subresource: str) -> str:
        return _NODES.path(None, self.node, subresource)
