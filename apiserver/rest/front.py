"""The application: past the gate, and from there to who answers.

Nearly every request is about a resource. What a URL wants of which one is read off it at once (see `paths`), so such a
request goes straight to its handler. The others, few and far between, go through Starlette's table of routes, whose
patterns and layers would cost a small write as much again as its commit. What goes both ways at once, over a WebSocket,
is in `conversing`.
"""

from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from fizz.apiserver import errors
from fizz.apiserver.rest import answers, conversing, paths
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.gate import PLAIN_PATHS, SELF_CHECKED, Gate
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.rest.service import METHODS, Service

__all__ = ["Front"]

_NO_RESOURCES: Final = SELF_CHECKED | PLAIN_PATHS


class Front:
    """An ASGI application. Serve it through `gate.at_door`: without a door, every request needs a token."""

    def __init__(self, context: Context, service: Service) -> None:
        self.service = service
        self._context = context
        self._gate = Gate(context)
        self._table = Starlette(routes=service.routes(), exception_handlers=answers.HANDLERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._converse(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        try:
            await self._gate.admit(scope)
            target = _target(scope)
            response = await self.service.resource(request, target) if target else None
        except Exception as problem:
            response = answers.answer_to(request, problem)
        await (response or self._table)(scope, receive, answers.marked(scope, send))

    async def _converse(self, socket: WebSocket) -> None:
        try:
            await self._gate.admit(socket.scope)
            await conversing.converse(self._context, socket)
        except errors.ApiError as problem:
            await socket.send_denial_response(answers.refusal(problem))


def _target(scope: Scope) -> Target | None:
    """What a request for a resource is about; None for all other requests."""
    path = scope["path"]
    return paths.parse(path) if scope["method"] in METHODS and path not in _NO_RESOURCES else None
