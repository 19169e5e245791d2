"""What the agent answers about the images of its engine.

    GET  /images?name=NAME&name=...     those that are there: {"images": {NAME: Image}}
    POST /images/pull?name=NAME         fetches it; &platform=OS/ARCHITECTURE
    POST /images/push?name=NAME         brings it to its registry
    POST /images/build                  builds one from a form (multipart/form-data) with two parts, in this order:
                                        `build`, a Build, and `context`, a tar file; without the second for a remote one

Those that take time answer with one `Progress` a line; see `fizz.schemas.images`. A context is passed on to the engine
as it comes, and never kept.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import orjson
import structlog
from aiohttp import BodyPartReader, web
from pydantic import ValidationError

from fizz.controllers.node.agent_answers import answer, refused
from fizz.controllers.node.engine import EngineError, EngineImage, Images
from fizz.schemas.base import JSON
from fizz.schemas.images import Build, Image, Progress

__all__ = ["AgentImages"]

_CHUNK: Final = 64 * 1024
_BUILD_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of the part `build`: it may hold a Dockerfile and secrets."""

log: Final = structlog.get_logger()


class AgentImages:
    """Answers from the engine."""

    def __init__(self, engine: Images) -> None:
        self._engine = engine

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve the paths above."""
        router.add_get("/images", self._images)
        router.add_post("/images/pull", self._pull)
        router.add_post("/images/push", self._push)
        router.add_post("/images/build", self._build)

    async def _images(self, request: web.Request) -> web.StreamResponse:
        names = dict.fromkeys(request.query.getall("name", ()))
        try:
            found = await asyncio.gather(*(self._engine.image(name) for name in names))
        except EngineError as error:
            return refused(error)
        pairs = zip(names, found, strict=True)
        return web.json_response({"images": {name: _shown(image) for name, image in pairs if image is not None}})

    async def _pull(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("name", "")
        if not name:
            return web.Response(status=400, text="name is missing: the image to pull")
        log.info("pulling image", image=name, why="asked for")
        pull = self._engine.pull(name, request.query.get("platform", ""))
        return await answer(request, self._to_the_image(name, pull))

    async def _push(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("name", "")
        if not name:
            return web.Response(status=400, text="name is missing: the image to push")
        log.info("pushing image", image=name)
        return await answer(request, self._to_the_image(name, self._engine.push(name)))

    async def _build(self, request: web.Request) -> web.StreamResponse:
        if not request.content_type.startswith("multipart/"):
            return web.Response(status=415, text="a build comes as multipart/form-data")
        try:
            parts = aiter(await request.multipart())
            build = Build.load(await _document(await anext(parts, None)))
        except (ValueError, ValidationError) as error:
            return web.Response(status=400, text=f"the part build is no Build: {error}")
        context = await anext(parts, None)
        if not build.remote and not isinstance(context, BodyPartReader):
            return web.Response(status=400, text="the part context is missing")
        log.info("building image", tags=build.tags)
        body = _content(context) if isinstance(context, BodyPartReader) else _nothing()
        return await answer(request, _lines(self._engine.build(build, body)))

    async def _to_the_image(self, name: str, steps: AsyncGenerator[Progress, None]) -> AsyncIterator[JSON]:
        """The steps, and then which image has the name."""
        async for line in _lines(steps):
            yield line
        image = await self._engine.image(name)
        yield {"image": image.id if image else ""}


async def _lines(steps: AsyncGenerator[Progress, None]) -> AsyncIterator[JSON]:
    async for step in steps:
        yield step.dump()


async def _document(part: object) -> JSON:
    if not isinstance(part, BodyPartReader) or part.name != "build":
        raise ValueError("it must be the first part")
    content = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        content += chunk
        if len(content) > _BUILD_LIMIT:
            raise ValueError(f"it has more than {_BUILD_LIMIT} bytes")
    document: JSON = orjson.loads(content)
    return document


async def _content(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield chunk


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def _shown(image: EngineImage) -> JSON:
    return Image(
        id=image.id,
        tags=list(image.tags),
        digests=list(image.digests),
        size=image.size,
        created=image.created,
        tagged_at=image.tagged_at,
        platform=image.platform,
    ).dump()
