"""The client: every verb of the API server, typed where the kind has a model.

    async with Client("unix:///run/fizz/fizz.sock") as client:
        web = await client.get(Deployment, "web", "blog")
        async for event in client.watch(Deployment, "blog"):
            print(event.type, event.object.name)

Whatever takes a model class also takes a `Kind`, and then gives plain JSON. Errors are `ApiError`s. Objects that come
back are the caller's own; a model shows only the fields that it knows, so change an object that others may have written
with `patch` or `apply` rather than by writing back what was read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, cast, overload

from fizz.client import transactions
from fizz.client.conversation import Conversation, query_of
from fizz.client.errors import (
    AlreadyExists,
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unreadable,
)
from fizz.client.objects import O, Resource, T, key_of, resource_of, to_json
from fizz.client.reading import CONTAINERS, ObjectList, Reader, selectors
from fizz.client.requests import OnConnection, Query, Request, Transport
from fizz.client.transactions import Operation, OperationResult, PropagationPolicy, TransactionResult
from fizz.client.watch import EventType, WatchEvent
from fizz.schemas import channels
from fizz.schemas.execs import ExecRequest
from fizz.schemas.kinds import Kind
from fizz.schemas.types import JSON

if TYPE_CHECKING:
    from fizz.schemas.meta import Object

__all__ = [
    "AlreadyExists",
    "ApiError",
    "BadRequest",
    "Client",
    "Conflict",
    "EventType",
    "Forbidden",
    "Gone",
    "Invalid",
    "NotFound",
    "ObjectList",
    "Operation",
    "OperationResult",
    "PropagationPolicy",
    "ServerError",
    "TooManyRequests",
    "TransactionResult",
    "Unauthorized",
    "Unavailable",
    "Unreadable",
    "WatchEvent",
]

_MERGE: Final = "application/merge-patch+json"
_JSON_PATCH: Final = "application/json-patch+json"
_TAR: Final = "application/x-tar"
_APPLY: Final = "application/apply-patch+yaml"


class Client(Reader):
    """Talks to one API server. Use it as an async context manager, or call `close`.

    `field_manager` is the name under which this client owns the fields that it writes. `retry_for` is the number of
    seconds for which a request is repeated while the server is away; `requests` says which requests those are.
    `on_connection` is told when the server is lost, with the error, and with None when it answers again. An https
    server is trusted if the certificate authority in the file `ca` vouches for it; None: one that this machine trusts.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        token: str | None = None,
        user_agent: str = "fizz",
        field_manager: str = "fizz",
        retry_for: float = 10.0,
        on_connection: OnConnection | None = None,
        ca: Path | None = None,
    ) -> None:
        super().__init__(
            Transport(
                endpoint,
                token=token,
                user_agent=user_agent,
                retry_for=retry_for,
                on_connection=on_connection,
                ca=ca,
            )
        )
        self._manager = field_manager

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Safe to call twice."""
        await self._transport.close()

    async def create(self, item: O) -> O:
        """Create the object. Raises `AlreadyExists`."""
        resource = await self._resource_for(item)
        path = resource.path(key_of(item).namespace)
        return resource.load(await self.raw("POST", path, query=self._managed(), body=to_json(item)))

    async def update(self, item: O) -> O:
        """Write the whole object, except its status. Raises `Conflict` if it changed since it was read."""
        return await self._put(item, None)

    async def update_status(self, item: O) -> O:
        """Write the object's status and nothing else. Raises `Conflict` if it changed since it was read."""
        return await self._put(item, "status")

    async def _put(self, item: O, subresource: str | None) -> O:
        resource = await self._resource_for(item)
        path = resource.path(*key_of(item), subresource)
        return resource.load(await self.raw("PUT", path, query=self._managed(), body=to_json(item)))

    async def apply(self, item: O, field_manager: str | None = None, force: bool = False) -> O:
        """Create the object or merge it into what is there; fields that were applied before and are not now, go.

        Raises `Conflict` where another manager owns a field with another value, unless `force` takes it over.
        """
        resource = await self._resource_for(item)
        body = to_json(item)
        metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
        query = [*self._managed(field_manager), ("force", str(force).lower())]
        path = resource.path(*key_of(item))
        body = {**body, "metadata": metadata}
        return resource.load(await self.raw("PATCH", path, query=query, body=body, content_type=_APPLY))

    @overload
    async def patch(
        self,
        target: type[T],
        name: str,
        patch: JSON | Sequence[JSON],
        namespace: str | None = None,
        subresource: str | None = None,
    ) -> T: ...
    @overload
    async def patch(
        self,
        target: Kind,
        name: str,
        patch: JSON | Sequence[JSON],
        namespace: str | None = None,
        subresource: str | None = None,
    ) -> JSON: ...
    async def patch(
        self,
        target: type[T] | Kind,
        name: str,
        patch: JSON | Sequence[JSON],
        namespace: str | None = None,
        subresource: str | None = None,
    ) -> T | JSON:
        """Change some fields: a mapping is a merge patch (null removes), a sequence is a JSON patch."""
        resource = resource_of(target)
        body, content_type = (patch, _MERGE) if isinstance(patch, dict) else (list(patch), _JSON_PATCH)
        path = resource.path(namespace, name, subresource)
        answer = await self.raw("PATCH", path, query=self._managed(), body=body, content_type=content_type)
        return resource.load(answer)

    async def delete(
        self,
        target: type[Object] | Kind,
        name: str,
        namespace: str | None = None,
        propagation_policy: PropagationPolicy | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        grace_period_seconds: int | None = None,
    ) -> None:
        """Ask for the object's end; it goes when its finalizers are gone. Raises `NotFound`.

        `grace_period_seconds` is the time that a container has to end, if not the one that it was made with. Raises
        `Conflict` if the object has another `uid` or `resource_version` than the ones given.
        """
        options = _delete_options(propagation_policy, {"uid": uid, "resourceVersion": resource_version})
        if grace_period_seconds is not None:
            options["gracePeriodSeconds"] = grace_period_seconds
        await self.raw("DELETE", resource_of(target).path(namespace, name), body=options)

    async def delete_collection(
        self,
        target: type[Object] | Kind,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        propagation_policy: PropagationPolicy | None = None,
    ) -> None:
        """Ask for the end of all objects that match."""
        query = selectors(label_selector, field_selector)
        options = _delete_options(propagation_policy)
        await self.raw("DELETE", resource_of(target).path(namespace), query=query, body=options)

    async def transaction(
        self,
        operations: Sequence[Operation],
        *,
        field_manager: str | None = None,
        dry_run: bool = False,
        strict: bool = False,
    ) -> TransactionResult:
        """Do all operations at one revision, or none. The error's `causes` name the operation: `operations[2].spec`.

        With `strict`, fields that the kind does not know are refused instead of left out.
        """
        query = [*self._managed(field_manager), *([("dryRun", "All")] if dry_run else [])]
        query += [("fieldValidation", "Strict")] if strict else []
        return transactions.from_json(
            await self.raw("POST", transactions.PATH, query=query, body=transactions.to_body(operations))
        )

    async def put_archive(
        self, name: str, namespace: str, path: str, archive: AsyncIterable[bytes], *, copy_owner: bool = False
    ) -> None:
        """Unpack a tar file in a folder of a Container that has been created; with `copy_owner`, its files belong to
        whom it says.
        """
        place = CONTAINERS.path(namespace, name, "archive")
        query = [("path", path), *([("copyUIDGID", "true")] if copy_owner else [])]
        async for _ in self.lines("PUT", place, query=query, content_type=_TAR, upload=archive):
            pass

    def execute(self, name: str, namespace: str, request: ExecRequest) -> AsyncGenerator[JSON, None]:
        """Run a command in a running Container: `{"stream", "data"}` with base64 as it writes, and `{"exitCode"}`."""
        return self.lines("POST", CONTAINERS.path(namespace, name, "exec"), query=query_of(request))

    async def execute_detached(self, name: str, namespace: str, request: ExecRequest) -> None:
        """Begin a command in a running Container, and leave it to itself."""
        path = CONTAINERS.path(namespace, name, "exec")
        async for _ in self.lines("POST", path, query=[*query_of(request), ("detach", "true")]):
            pass

    def converse(self, name: str, namespace: str, request: ExecRequest) -> AbstractAsyncContextManager[Conversation]:
        """Run a command in a running Container and talk to it."""
        return self._converse(CONTAINERS.path(namespace, name, "exec"), query_of(request))

    def attach(
        self, name: str, namespace: str, *, stdin: bool, detach_keys: str = ""
    ) -> AbstractAsyncContextManager[Conversation]:
        """Talk to a Container's own program, from now on; its engine's container must be there, running or not."""
        query = [("stdin", "true")] if stdin else []
        query += [("detachKeys", detach_keys)] if detach_keys else []
        return self._converse(CONTAINERS.path(namespace, name, "attach"), query)

    @asynccontextmanager
    async def _converse(self, path: str, query: Query) -> AsyncIterator[Conversation]:
        async with self._transport.upgrade(Request("GET", path, query), channels.PROTOCOL) as socket:
            yield Conversation(socket, self.endpoint)

    async def kill(self, name: str, namespace: str, signal: str) -> None:
        """Send a running Container's program a signal, as SIGHUP."""
        path = CONTAINERS.path(namespace, name, "kill")
        async for _ in self.lines("POST", path, query=[("signal", signal)]):
            pass

    async def restart(self, name: str, namespace: str, grace_period_seconds: int | None = None) -> None:
        """Stop a Container's container and start it again; returns when it is started."""
        query = [] if grace_period_seconds is None else [("gracePeriodSeconds", str(grace_period_seconds))]
        async for _ in self.lines("POST", CONTAINERS.path(namespace, name, "restart"), query=query):
            pass

    async def _resource_for(self, item: O) -> Resource[O]:
        if not isinstance(item, dict):
            return cast("Resource[O]", resource_of(type(item)))
        return cast("Resource[O]", resource_of(await self.kind_of(item)))

    def _managed(self, field_manager: str | None = None) -> Query:
        return [("fieldManager", field_manager or self._manager)]


def _delete_options(policy: PropagationPolicy | None, preconditions: dict[str, str | None] | None = None) -> JSON:
    given = {key: value for key, value in (preconditions or {}).items() if value is not None}
    options: JSON = {"apiVersion": "v1", "kind": "DeleteOptions"}
    if policy:
        options["propagationPolicy"] = policy
    if given:
        options["preconditions"] = given
    return options
