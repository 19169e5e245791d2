"""What only a node knows, the API server asks of the node's agent and passes on: logs and the engine's own view.

    GET .../containers/NAME/log      the container's output as text, followed if asked for
    GET .../containers/NAME/engine   the engine's description of the container, JSON

The agent's address is `status.agent` of the Node that the container is bound to.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import structlog
from starlette.responses import Response, StreamingResponse

from fizz.apiserver import errors
from fizz.apiserver.kinds import codec
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.paths import Target

if TYPE_CHECKING:
    import aiohttp

__all__ = ["SUBRESOURCES", "forward"]

log = structlog.get_logger()

SUBRESOURCES: Final = frozenset({"log", "engine"})
_CONNECT_SECONDS: Final = 5.0


async def forward(context: Context, target: Target, query: str) -> Response:
    """The agent's answer, streamed. Raises `NotFound`, `BadRequest` (not bound yet) or `ServiceUnavailable`."""
    import aiohttp

    base, path = await _address(context, target)
    connector = aiohttp.UnixConnector(base.removeprefix("unix://")) if base.startswith("unix://") else None
    session = aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
    )
    url = f"http://agent{path}?{query}" if connector else f"{base}{path}?{query}"
    try:
        answer = await session.get(url)
    except (aiohttp.ClientError, OSError, TimeoutError) as problem:
        await session.close()
        raise errors.ServiceUnavailable(
            f"the agent of the node does not answer at {base}: {problem}; is `fizz controllers` running?"
        ) from problem
    if answer.status != 200:
        message = (await answer.text()).strip()
        await session.close()
        raise errors.of_code(answer.status, message)
    return StreamingResponse(_body(context, session, answer), media_type=answer.content_type)


async def _body(
    context: Context, session: "aiohttp.ClientSession", answer: "aiohttp.ClientResponse"
) -> AsyncIterator[bytes]:
    import aiohttp

    context.streams.add(answer)
    try:
        async for chunk in answer.content.iter_any():
            yield chunk
    except aiohttp.ClientError as problem:  # the agent is gone, or this server stops: what was said stands
        log.info("stream from an agent ended", error=str(problem))
    finally:
        context.streams.discard(answer)
        answer.close()
        await session.close()


async def _address(context: Context, target: Target) -> tuple[str, str]:
    resource = context.resource(target)
    assert target.name is not None
    record = await context.record(resource, target.namespace, target.name)
    node_name = codec.load(record.value, record.revision)["spec"].get("nodeName")
    if not node_name:
        raise errors.BadRequest(f'container "{target.name}" is not bound to a node yet')
    nodes = context.registry.lookup("fizz.dev", "v1", "nodes")
    assert nodes is not None
    node_record = await context.record(nodes, None, node_name)
    base = (codec.load(node_record.value, node_record.revision).get("status") or {}).get("agent")
    if not base:
        raise errors.ServiceUnavailable(f'node "{node_name}" has not said where its agent answers')
    return base, f"/containers/{target.namespace}/{target.name}/{target.subresource}"
