"""The gate that every request passes before anything else looks at it: who is it, and may they?

    door       unix socket, plain loopback port or TLS: what is known before a word is said
    token      whose it is; a bad one is refused with 401 at every door
    as whom    impersonation headers, if the user may
    action     what the method and the URL want, asked of the roles; refused with 403

So an unauthorised request learns nothing, not even whether there is such a kind or such an object. What the URL does
not say is asked where it is known: each operation of a transaction, each resource of a watch of many, the creation that
an apply turns into, what a role or binding would grant.

Without a door, a request counts as one over TLS: whoever forgets to say where it came from gives nothing away.
"""

import enum
from typing import Final

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from fizz.apiserver import errors
from fizz.apiserver.auth import actions, impersonation, loopback
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.users import ADMINISTRATOR, ANONYMOUS, User
from fizz.apiserver.rest import paths
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.negotiate import representation
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.rest.query import flag
from fizz.schemas.selectors import parse_fields

__all__ = ["SELF_CHECKED", "Door", "Gate", "action_of", "at_door", "door_of", "user_of"]

_DOOR: Final = "fizz.door"
_USER: Final = "fizz.user"
SELF_CHECKED: Final = frozenset({"/watch", "/apis/fizz.dev/v1/transactions"})
"""Paths whose handlers ask themselves, about each part of the request; everybody with a token may come so far."""
PLAIN_PATHS: Final = frozenset({"/apis/fizz.dev/v1/serverinfo"})
"""Paths that look like a resource's and are none."""
_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch"}


class Door(enum.Enum):
    """Where a request came in."""

    SOCKET = enum.auto()
    """The unix socket: whoever may open it is the administrator."""
    PLAIN = enum.auto()
    """The plain loopback port: any program on this machine is the administrator, no page of a browser is."""
    TLS = enum.auto()
    """The TLS port: nobody, without a token."""


def at_door(app: ASGIApp, door: Door) -> ASGIApp:
    """The application as it is served at a door. It is the listener that says so and never the connection: a peer's
    address cannot be read of a connection that is already gone.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        scope[_DOOR] = door
        await app(scope, receive, send)

    return served


def door_of(scope: Scope) -> Door:
    """Where a request came in."""
    door: Door = scope.get(_DOOR, Door.TLS)
    return door


def user_of(scope: Scope) -> User:
    """Who asks, as the gate found."""
    user: User = scope.get(_USER, ANONYMOUS)
    return user


class Gate:
    """Lets requests pass, or does not."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def admit(self, scope: Scope) -> None:
        """Find out who asks (see `user_of`). Raises `Unauthorized` or `Forbidden`."""
        door = scope.get(_DOOR, Door.TLS)
        headers = scope["headers"]
        if door is Door.PLAIN:
            loopback.check(headers)
        user = await self._authenticated(door, headers)
        wanted = impersonation.parse(headers)
        if wanted is not None:
            await self._context.access.require(user, *wanted.actions())
            user = wanted.user()
        scope[_USER] = user
        if user.is_master:
            return
        action = action_of(scope)
        if action.path in SELF_CHECKED:
            if user.is_anonymous:
                raise actions.refusal(user, action)
            return
        await self._context.access.require(user, action)

    async def _authenticated(self, door: Door, headers: list[tuple[bytes, bytes]]) -> User:
        given = [value for name, value in headers if name == b"authorization"]
        if not given:
            return ANONYMOUS if door is Door.TLS else ADMINISTRATOR
        scheme, _, token = given[0].decode("latin-1").partition(" ")
        known = None
        if len(given) == 1 and scheme.lower() == "bearer":
            known = await self._context.authenticator.known(token.strip())
        if known is None:
            raise errors.Unauthorized("Unauthorized")
        return known.user


def action_of(scope: Scope) -> Action:
    """What a request wants, as far as its method and URL say."""
    path, method = scope["path"], _method(scope)
    target = None if path in SELF_CHECKED or path in PLAIN_PATHS else paths.parse(path)
    if target is None:
        return Action("get" if method == "HEAD" else method.lower(), path=path)
    namespace = target.namespace or ""
    if target.group == "" and target.plural == "namespaces" and target.name:
        namespace = target.name  # so that a Role may be about the Namespace that it lives in
    verb, name = _verb(scope, target)
    return Action(verb, target.group, target.version, target.plural, target.subresource, namespace, target.name or name)


def _method(scope: Scope) -> str:
    """The method. An upgrade to a WebSocket is a GET by its form, and by what it does a POST: it runs a command."""
    return "POST" if scope["type"] == "websocket" else str(scope["method"])


def _verb(scope: Scope, target: Target) -> tuple[str, str]:
    """The verb, and the name that a selector narrows a collection to."""
    method = _method(scope)
    if target.watch and method in {"GET", "HEAD"}:
        return "watch", ""
    if target.name is not None:
        return {**_VERBS, "GET": "get", "HEAD": "get", "DELETE": "delete"}.get(method, method.lower()), ""
    if method not in {"GET", "HEAD", "DELETE"}:
        return _VERBS.get(method, method.lower()), ""
    query = QueryParams(scope["query_string"])  # as the handlers read it
    verb = "deletecollection" if method == "DELETE" else "watch" if _watches(scope, query) else "list"
    return verb, _name(query.get("fieldSelector", ""))


def _watches(scope: Scope, query: QueryParams) -> bool:
    if flag(query, "watch"):
        return True
    accept = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"), "")
    try:
        return representation(accept).events
    except errors.ApiError:  # it is refused later, by who answers
        return False


def _name(selector: str) -> str:
    try:
        return parse_fields(selector).exact("metadata.name") or ""
    except ValueError:
        return ""
