"""What only a node knows or can do, the API server asks of the node's agent and passes on, both ways as it comes.

    GET  .../containers/NAME/log       the container's output as text, followed if asked for
    GET  .../containers/NAME/engine    the engine's description of the container, JSON
    POST .../containers/NAME/exec      runs a command in it
    PUT  .../containers/NAME/archive   unpacks a tar file in it
    POST .../containers/NAME/restart   stops and starts it
    GET  .../nodes/NAME/images         images of the node's engine
    POST .../nodes/NAME/pull, push, build

The agent's address is `status.agent` of the Node, for a container of the one that it is bound to. Bodies may be large:
the context of a build is never whole in memory. An answer whose agent is lost, or that this server cuts off because it
stops, ends without its end, so that nobody takes it for the whole.
"""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from fizz.apiserver import errors
from fizz.apiserver.kinds import codec
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.paths import Target

if TYPE_CHECKING:
    import aiohttp

__all__ = ["forward", "is_for_agent"]

log = structlog.get_logger()

_METHODS: Final[Mapping[str, Mapping[str, str]]] = {
    "containers": {"log": "GET", "engine": "GET", "exec": "POST", "archive": "PUT", "restart": "POST"},
    "nodes": {"images": "GET", "pull": "POST", "push": "POST", "build": "POST"},
}
"""By resource and subresource: the method that the agent answers to."""
_CONNECT_SECONDS: Final = 5.0


def is_for_agent(target: Target) -> bool:
    """Whether an agent answers this."""
    return target.group == "fizz.dev" and target.subresource in _METHODS.get(target.plural, ())


async def forward(context: Context, target: Target, request: Request) -> Response:
    """The agent's answer, streamed.

    Raises `NotFound`, `MethodNotAllowed`, `BadRequest` (not bound yet), `ServiceUnavailable`, or what the agent says.
    """
    import aiohttp

    method = _METHODS[target.plural][target.subresource]
    if request.method != method:
        raise errors.MethodNotAllowed(f"{target.plural}/{target.subresource} takes {method} only")
    base, path = await _address(context, target)
    connector = aiohttp.UnixConnector(base.removeprefix("unix://")) if base.startswith("unix://") else None
    session = aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
    )
    url = f"http://agent{path}?{request.url.query}" if connector else f"{base}{path}?{request.url.query}"
    sent = {} if method == "GET" else {"Content-Type": request.headers.get("content-type", "application/octet-stream")}
    try:
        body = None if method == "GET" else request.stream()
        answer = await session.request(method, url, data=body, headers=sent)
    except (aiohttp.ClientError, OSError, TimeoutError) as problem:
        await session.close()
        raise errors.ServiceUnavailable(
            f"the agent of the node does not answer at {base}: {problem}; is `fizz controllers` running?"
        ) from problem
    except BaseException:
        await session.close()
        raise
    if answer.status != 200:
        message = (await answer.text()).strip()
        await session.close()
        raise errors.of_code(answer.status, message)
    return _Passed(_body(context, session, answer), media_type=answer.content_type)


class _CutOff(Exception):
    """The agent's answer is not complete, and never will be."""


class _Passed(StreamingResponse):
    """An answer that is passed on. If it was cut off, so is this: without a last chunk, the server closes the
    connection, and HTTP knows the answer to be incomplete (RFC 9112, section 8).
    """

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except _CutOff as problem:
            log.info("stream from an agent was cut off", error=str(problem))


async def _body(
    context: Context, session: "aiohttp.ClientSession", answer: "aiohttp.ClientResponse"
) -> AsyncIterator[bytes]:
    import aiohttp

    context.streams.add(answer)
    try:
        async for chunk in answer.content.iter_any():
            yield chunk
    except aiohttp.ClientError as problem:  # the agent is gone, or this server stops
        raise _CutOff(str(problem)) from problem
    finally:
        context.streams.discard(answer)
        answer.close()
        await session.close()


async def _address(context: Context, target: Target) -> tuple[str, str]:
    assert target.name is not None
    resource = context.resource(target)
    record = await context.record(resource, target.namespace, target.name)
    stored = codec.load(record.value, record.revision)
    if target.plural == "nodes":
        path = "/images" if target.subresource == "images" else f"/images/{target.subresource}"
        return _agent(stored), path
    node_name = stored["spec"].get("nodeName")
    if not node_name:
        raise errors.BadRequest(f'container "{target.name}" is not bound to a node yet')
    nodes = context.registry.lookup("fizz.dev", "v1", "nodes")
    assert nodes is not None
    node_record = await context.record(nodes, None, node_name)
    node = codec.load(node_record.value, node_record.revision)
    return _agent(node), f"/containers/{target.namespace}/{target.name}/{target.subresource}"


def _agent(node: dict[str, object]) -> str:
    """Where the agent of a Node answers."""
    status, metadata = node.get("status"), node["metadata"]
    base = status.get("agent") if isinstance(status, dict) else None
    if not base:
        name = metadata.get("name") if isinstance(metadata, dict) else ""
        raise errors.ServiceUnavailable(f'node "{name}" has not said where its agent answers')
    return str(base)
