"""The application: past the gate, and from there to who answers.

Nearly every request is about a resource. What a URL wants of which one is read off it at once (see `paths`), so such a
request goes straight to its handler. The others, few and far between, go through Starlette's table of routes, whose
patterns and layers would cost a small write as much again as its commit.
"""

from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from fizz.apiserver.rest import paths
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.gate import PLAIN_PATHS, SELF_CHECKED, Gate
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.rest.service import METHODS, Service, answer_to

__all__ = ["Front"]

_NO_RESOURCES: Final = SELF_CHECKED | PLAIN_PATHS


class Front:
    """An ASGI application. Serve it through `gate.at_door`: without a door, every request needs a token."""

    def __init__(self, context: Context, service: Service) -> None:
        self.service = service
        self._gate = Gate(context)
        self._table = Starlette(routes=service.routes(), exception_handlers=service.exception_handlers())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            await self._gate.admit(scope)
            target = _target(scope)
            response = await self.service.resource(request, target) if target else None
        except Exception as problem:
            response = answer_to(request, problem)
        await (response or self._table)(scope, receive, send)


def _target(scope: Scope) -> Target | None:
    """What a request for a resource is about; None for all other requests."""
    path = scope["path"]
    return paths.parse(path) if scope["method"] in METHODS and path not in _NO_RESOURCES else None
