"""Images of a Docker Engine: looked at, pulled, pushed and built.

Builds go to BuildKit, which every engine from 18.09 on has built in, with the context as the request's body; the
engine's older, classic builder takes the same request. What `Build` asks for that such a request cannot say is refused
by `build_params`, never dropped.
"""

import itertools
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Final
from urllib.parse import quote

import requests
from docker.utils import parse_repository_tag

from fizz.controllers.node import threads
from fizz.controllers.node.build_params import build_params, build_warnings, dockerfile_member
from fizz.controllers.node.buildkit import BuildkitSteps
from fizz.controllers.node.classic_build import ClassicSteps
from fizz.controllers.node.docker_calls import DockerCalls, json_batches
from fizz.controllers.node.docker_connection import Params
from fizz.controllers.node.engine import BuildFailed, EngineError, EngineImage, Missing, PullFailed, PushFailed
from fizz.controllers.node.engine_json import image_of
from fizz.controllers.node.pull_progress import layer_of
from fizz.schemas.images import Build, Progress

__all__ = ["DockerImages"]

_NAME: Final = "/:@"
"""What stays as it is in the name of an image that is part of a path."""
_NO_CREDENTIALS: Final = {"X-Registry-Auth": "e30="}
"""An empty object: an engine that pushes wants the header whatever it says."""


class DockerImages(DockerCalls):
    """Verbs for images."""

    async def image(self, name: str) -> EngineImage | None:
        try:
            return image_of(await self.json("image", "GET", f"/images/{quote(name, safe=_NAME)}/json"))
        except Missing:
            return None

    async def pull(self, name: str, platform: str) -> AsyncGenerator[Progress, None]:
        repository, tag = parse_repository_tag(name)
        params = {"fromImage": repository, "tag": tag or "latest"} | ({"platform": platform} if platform else {})

        def start() -> requests.Response:
            headers = self.connection.credentials(repository)
            return self.connection.send(
                "pull", "POST", "/images/create", params, timeout=None, stream=True, headers=headers
            )

        async for layer in self._layers(await threads.call(start), PullFailed):
            yield layer

    async def push(self, name: str) -> AsyncGenerator[Progress, None]:
        repository, tag = parse_repository_tag(name)
        path = f"/images/{quote(repository, safe=_NAME)}/push"

        def start() -> requests.Response:
            headers = self.connection.credentials(repository) or _NO_CREDENTIALS
            params = {"tag": tag or "latest"}
            return self.connection.send("push", "POST", path, params, timeout=None, stream=True, headers=headers)

        async for layer in self._layers(await threads.call(start), PushFailed):
            yield layer

    async def build(self, build: Build, context: AsyncIterable[bytes]) -> AsyncGenerator[Progress, None]:
        params: Params = build_params(build)
        body = None if build.remote else itertools.chain(dockerfile_member(build), threads.blocking(context))

        def start() -> requests.Response:
            headers = self.connection.all_credentials()
            return self.connection.send(
                "build", "POST", "/build", params, body, timeout=None, stream=True, headers=headers
            )

        for warning in build_warnings(build, self.connection.version):
            yield Progress(warning=warning)
        response = await threads.call(start)
        steps = BuildkitSteps() if build.builder == "buildkit" else ClassicSteps()
        stream = self.stream(response, json_batches(response))
        try:
            async for batch in stream:
                for line in batch:
                    for told in steps.take(line):
                        yield told
        finally:
            self.end(stream)
        for told in steps.finish():
            yield told
        if steps.error or not steps.image:
            raise BuildFailed(steps.error or "the engine ended the build without saying why")
        yield Progress(image=steps.image)

    async def _layers(self, response: requests.Response, failure: type[EngineError]) -> AsyncGenerator[Progress, None]:
        stream = self.stream(response, json_batches(response))
        try:
            async for batch in stream:
                for line in batch:
                    if message := line.get("error"):
                        raise failure(str(message))
                    if layer := layer_of(line):
                        yield layer
        finally:
            self.end(stream)
