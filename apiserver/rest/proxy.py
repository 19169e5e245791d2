"""What only a node knows or can do, the API server asks of the node's agent and passes on, both ways as it comes.

    GET  .../containers/NAME/log       the container's output as text, followed if asked for
    GET  .../containers/NAME/engine    the engine's description of the container, JSON
    POST .../containers/NAME/exec      runs a command in it
    PUT  .../containers/NAME/archive   unpacks a tar file in it; GET packs one, HEAD says what is there
    POST .../containers/NAME/restart   stops and starts it
    POST .../containers/NAME/kill      sends its program a signal
    GET  .../containers/NAME/top       its processes
    GET  .../containers/NAME/stats     what it uses, once or as it changes
    GET  .../nodes/NAME/images         images of the node's engine
    GET  .../nodes/NAME/compose        what docker compose made there of a project
    POST .../nodes/NAME/pull, push, build

The agent's address is `status.agent` of the Node, for a container of the one that it is bound to. Bodies may be large:
the context of a build is never whole in memory. An answer whose agent is lost, or that this server cuts off because it
stops, ends without its end, so that nobody takes it for the whole. Conversations, which go both ways at once, are in
`conversing`.
"""

from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from fizz.apiserver import errors
from fizz.apiserver.kinds import codec
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.paths import Target
from fizz.schemas import channels

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Agent", "agent_of", "forward", "is_for_agent"]

T = TypeVar("T")

log = structlog.get_logger()

_METHODS: Final[Mapping[str, Mapping[str, str]]] = {
    "containers": {
        "log": "GET",
        "engine": "GET",
        "exec": "POST",
        "archive": "GET HEAD PUT",
        "restart": "POST",
        "kill": "POST",
        "top": "GET",
        "stats": "GET",
    },
    "nodes": {"images": "GET", "compose": "GET", "pull": "POST", "push": "POST", "build": "POST"},
}
"""By resource and subresource: the methods that the agent answers to."""
_READS: Final = frozenset({"GET", "HEAD"})
_TOLD: Final = ("X-Fizz-Path-Stat",)
"""Headers of an agent's answer that are passed on."""
_CONNECT_SECONDS: Final = 5.0


def is_for_agent(target: Target) -> bool:
    """Whether an agent answers this."""
    return target.group == "fizz.dev" and target.subresource in _METHODS.get(target.plural, ())


async def forward(context: Context, target: Target, request: Request) -> Response:
    """The agent's answer, streamed.

    Raises `NotFound`, `MethodNotAllowed`, `BadRequest` (not bound yet), `ServiceUnavailable`, or what the agent says.
    """
    method = _METHODS[target.plural][target.subresource]
    if request.method not in method.split():
        raise errors.MethodNotAllowed(f"{target.plural}/{target.subresource} takes {method.replace(' ', ', ')} only")
    agent = await agent_of(context, target)
    try:
        answer = await agent.ask(request)
    except BaseException:
        await agent.close()
        raise
    headers = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
    return _Passed(_body(context, agent, answer), media_type=answer.content_type, headers=headers)


class Agent:
    """The agent at `base` (unix:// or http://), asked about one thing at `path`. Close it when done."""

    def __init__(self, base: str, path: str) -> None:
        import aiohttp

        self._where = base
        unix = base.startswith("unix://")
        self._url = f"http://agent{path}" if unix else f"{base}{path}"
        refusals = aiohttp.TraceConfig()
        refusals.on_request_end.append(self._note)  # a refused upgrade is told without what is said about it
        self._refusal = ""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(base.removeprefix("unix://")) if unix else None,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            trace_configs=[refusals],
        )

    async def ask(self, request: Request) -> "aiohttp.ClientResponse":
        """The same request, body and all. Raises `ServiceUnavailable`, or what the agent says."""
        method, media = request.method, request.headers.get("content-type", "application/octet-stream")
        body, sent = (None, {}) if method in _READS else (request.stream(), {"Content-Type": media})
        url = f"{self._url}?{request.url.query}"
        answer = await self._reached(self._session.request(method, url, data=body, headers=sent))
        if answer.status != 200:
            raise errors.of_code(answer.status, (await answer.text()).strip() or self._refusal)
        return answer

    async def converse(self, query: str) -> "aiohttp.ClientWebSocketResponse":
        """A conversation. Raises as `ask`."""
        import aiohttp

        opening = self._session.ws_connect(
            f"{self._url}?{query}", protocols=(channels.PROTOCOL,), max_msg_size=0, autoclose=True
        )
        try:
            return await self._reached(opening)
        except aiohttp.WSServerHandshakeError as problem:
            raise errors.of_code(problem.status, self._refusal or problem.message) from problem

    async def close(self) -> None:
        """Give up the connection."""
        await self._session.close()

    async def _reached(self, opening: Awaitable[T]) -> T:
        import aiohttp

        try:
            return await opening
        except aiohttp.WSServerHandshakeError:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise errors.ServiceUnavailable(
                f"the agent of the node does not answer at {self._where}: {problem}; is `fizz controllers` running?"
            ) from problem

    async def _note(self, session: object, context: object, params: "aiohttp.TraceRequestEndParams") -> None:
        if params.response.status >= 400:
            self._refusal = (await params.response.text()).strip()


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


async def _body(context: Context, agent: Agent, answer: "aiohttp.ClientResponse") -> AsyncIterator[bytes]:
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
        await agent.close()


async def agent_of(context: Context, target: Target) -> Agent:
    """The agent that answers for the target. Raises `NotFound`, `BadRequest` or `ServiceUnavailable`."""
    return Agent(*await _address(context, target))


async def _address(context: Context, target: Target) -> tuple[str, str]:
    assert target.name is not None
    resource = context.resource(target)
    record = await context.record(resource, target.namespace, target.name)
    stored = codec.load(record.value, record.revision)
    if target.plural == "nodes":
        own = target.subresource in {"images", "compose"}
        path = f"/{target.subresource}" if own else f"/images/{target.subresource}"
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
