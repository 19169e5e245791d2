"""The URL table, and what each URL does.

/livez /readyz /healthz [/CHECK] /version      is it there, and which is it
/api /apis /apis/G /api/V /apis/G/V            discovery
/.well-known/openid-configuration, /openid/... keys of tokens (see `issuer`)
/api/V/... /apis/G/V/...                       resources (see `paths`); questions (see `reviews`)
/apis/fizz.dev/v1/transactions                 many objects, all or nothing, one revision
/apis/fizz.dev/v1/serverinfo                   how this server can be reached
/openapi/v2 /openapi/v3 /openapi/v3/...               schemas of all kinds
/watch?resource=PLURAL.GROUP&resource=...      many kinds in one watch
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import orjson
from sse_starlette import EventSourceResponse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from fizz import __version__
from fizz.apiserver import errors
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.rest import (
    answers,
    bootstrap,
    deleting,
    discovery,
    health,
    issuer,
    openapi,
    patching,
    proxy,
    query,
    reading,
    reviews,
    scale,
    transaction,
    watching,
    writing,
)
from fizz.apiserver.rest.compression import compressed
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.definitions import Definitions
from fizz.apiserver.rest.gate import user_of
from fizz.apiserver.rest.negotiate import (
    BODY_LIMIT,
    Representation,
    aggregated_version,
    decode,
    duplicates,
    encode,
    included,
    representation,
)
from fizz.apiserver.rest.paths import Target
from fizz.schemas.base import JSON

__all__ = ["METHODS", "Reached", "Service"]

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
"""What may be done with resources."""
_EVENT_PING_SECONDS: Final = 15
_READS: Final = ("GET", "HEAD")
Handler = Callable[[Request, Target], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Reached:
    """How this server is reached by TCP: `listen` over TLS with `authority` (PEM) vouching for it, `plain` without."""

    listen: str | None = None
    plain: str | None = None
    authority: str | None = None


class Service:
    """Answers requests with the parts of this room."""

    def __init__(self, context: Context, reached: Reached) -> None:
        self._context = context
        self._reached = reached
        self.definitions = Definitions(context)
        self._documents = openapi.Documents(context.registry, __version__)
        self._verbs: dict[str, Handler] = {
            "GET": self._get,
            "HEAD": self._get,
            "POST": self._create,
            "PUT": self._update,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    def routes(self) -> list[Route]:
        """The URL table of all that is no resource (see `front`)."""
        return [
            *(Route(f"/{endpoint}", self._healthy) for endpoint in health.ENDPOINTS),
            *(Route(f"/{endpoint}/{{check}}", self._healthy) for endpoint in health.ENDPOINTS),
            Route("/version", self._version),
            Route("/", self._paths),
            *issuer.routes(self._context.authenticator.keys, self._reached.listen or ""),
            Route("/openapi/v2", self._openapi_v2),
            Route("/openapi/v3", self._openapi_index),
            Route("/openapi/v3/{path:path}", self._openapi_v3),
            Route("/api", self._core),
            Route("/apis", self._groups),
            Route("/watch", self._watch_many),
            Route("/apis/fizz.dev/v1/transactions", self._transaction, methods=["POST"]),
            Route("/apis/fizz.dev/v1/serverinfo", self._server_info),
            Route("/api/{version}", self._resource_list),
            Route("/apis/{group}", self._group),
            Route("/apis/{group}/{version}", self._resource_list),
            Route("/api/{path:path}", self._nothing, methods=list(METHODS)),
            Route("/apis/{path:path}", self._nothing, methods=list(METHODS)),
        ]

    async def bootstrap(self) -> None:
        """Serve the custom kinds, and make the namespaces and roles that are always there."""
        await self.definitions.load()
        for name in ("default", "fizz-system"):
            await writing.ensure_namespace(self._context, name)
        await bootstrap.ensure_roles(self._context)

    async def warm_up(self) -> None:
        """Make the schemas of all kinds before somebody waits for them, letting requests pass in between."""
        for resource in self._context.registry.resources():
            _ = resource.compiled, resource.typed
            await asyncio.sleep(0)

    def end_streams(self) -> None:
        """End all watches, each after a whole frame, and all logs that are followed; new ones end at once, and so do
        calls to webhooks.
        """
        self._context.streams.end()
        self._context.admission.end()

    async def close(self) -> None:
        """Close what is kept open to others."""
        await self._context.admission.close()

    async def _healthy(self, request: Request) -> Response:
        verbose = "verbose" in request.query_params
        if name := request.path_params.get("check"):
            return PlainTextResponse(health.check(name, verbose=verbose))
        excluded = request.query_params.getlist("exclude")
        endpoint = request.url.path.strip("/")
        return PlainTextResponse(health.answer(endpoint, verbose=verbose, excluded=excluded))

    async def _version(self, request: Request) -> Response:
        return answers.json_of(discovery.version(__version__))

    async def _server_info(self, request: Request) -> Response:
        store = self._context.store
        reached = {"listen": self._reached.listen, "plain": self._reached.plain, "ca": self._reached.authority}
        return answers.json_of({"version": __version__, **reached, "revision": str(store.revision)})

    async def _paths(self, request: Request) -> Response:
        """What there is, for people who look around."""
        served = list(self._documents.index()["paths"])
        groups = sorted({"/".join(path.split("/")[:2]) for path in served if path.startswith("apis/")})
        fixed = ["api", "apis", "healthz", "livez", "openapi/v2", "openapi/v3", "readyz", "version"]
        return answers.json_of({"paths": sorted(f"/{path}" for path in {*fixed, *served, *groups})})

    async def _openapi_index(self, request: Request) -> Response:
        return answers.json_of(self._documents.index())

    async def _openapi_v3(self, request: Request) -> Response:
        path = request.path_params["path"].strip("/")
        body, digest = self._documents.v3(path)
        asked = request.query_params.get("hash")
        if asked and asked != digest:
            return Response(status_code=301, headers={"location": self._documents.address(path)})
        return await compressed(request, answers.document(request, body, digest, lasting=bool(asked)))

    async def _openapi_v2(self, request: Request) -> Response:
        return await compressed(request, answers.swagger(request, *self._documents.v2()))

    async def _core(self, request: Request) -> Response:
        if version := aggregated_version(request.headers.get("accept", "")):
            return self._aggregated(request, [""], version)
        return answers.json_of(discovery.api_versions(self._reached.listen or self._reached.plain or ""))

    async def _groups(self, request: Request) -> Response:
        registry = self._context.registry
        if version := aggregated_version(request.headers.get("accept", "")):
            return self._aggregated(request, [name for name in registry.groups() if name], version)
        return answers.json_of(discovery.group_list(registry))

    def _aggregated(self, request: Request, groups: Iterable[str], version: str) -> Response:
        body = orjson.dumps(discovery.aggregated(self._context.registry, groups, version))
        digest = hashlib.sha512(body).hexdigest().upper()
        return answers.document(request, body, digest, media_type=discovery.aggregated_type(version))

    async def _group(self, request: Request) -> Response:
        return answers.json_of(discovery.group(self._context.registry, request.path_params["group"]))

    async def _resource_list(self, request: Request) -> Response:
        given = request.path_params
        return answers.json_of(
            discovery.resource_list(self._context.registry, given.get("group", ""), given["version"])
        )

    async def _nothing(self, request: Request) -> Response:
        raise errors.NotFound.path()

    async def resource(self, request: Request, target: Target) -> Response:
        """The answer to a request for a resource. Raises `ApiError`."""
        resource = self._context.registry.lookup(target.group, target.version, target.plural)
        if proxy.is_for_agent(target):
            return await proxy.forward(self._context, target, request)
        if resource is None:
            raise errors.NotFound.path()
        if (not resource.stored and request.method != "POST") or (target.watch and request.method not in _READS):
            raise errors.MethodNotAllowed("the server does not allow this method on the requested resource")
        if resource.namespaced and target.namespace is None and target.name is None and request.method not in _READS:
            raise _nowhere(resource)
        response = await self._verbs[request.method](request, target)
        if resource.warning:
            _warned(response, [resource.warning])
        return await compressed(request, response)

    async def _get(self, request: Request, target: Target) -> Response:
        resource = self._context.resource(target)
        form = representation(request.headers.get("accept", ""))
        include = included(request.query_params, form)
        options = query.parse_list(request.query_params)
        if target.watch:
            target, options = query.as_watch(target, options)
        if target.name is None and (options.watch or form.events):
            watched = {resource.prefix(None): resource}
            selection = watching.Selection(self._context.registry, watched, target.namespace, options)
            return await self._stream(request, selection, form, include)
        if form.events:
            raise errors.NotAcceptable("server-sent events are for watches of collections; select one by fieldSelector")
        if target.name is None:
            body = await reading.list_objects(self._context, resource, target.namespace, options, form, include)
        elif target.subresource == "scale":
            shown = await writing.read_scale(self._context, resource, target)
            body = encode(reading.shape_one(scale.shown(resource), shown, form, include), form)
        elif target.subresource == "" or (target.subresource == "status" and resource.status):
            body = await reading.get(self._context, resource, target.namespace, target.name, form, include)
        else:
            raise errors.NotFound.path()
        return Response(body, media_type=form.content_type)

    async def _watch_many(self, request: Request) -> Response:
        registry = self._context.registry
        resources = {}
        for name in request.query_params.getlist("resource"):
            plural, _, group = name.partition(".")
            found = registry.preferred(group, plural)
            if found is None or not found.stored:
                raise errors.BadRequest(
                    f"resource={name}: no such resource; write PLURAL.GROUP, as deployments.fizz.dev"
                )
            resources[found.prefix(None)] = found
        if not resources:
            raise errors.BadRequest("name at least one resource to watch, as ?resource=deployments.fizz.dev")
        options = query.parse_list(request.query_params)
        namespace = request.query_params.get("namespace")
        await self._context.access.require(
            user_of(request.scope),
            *(
                Action(
                    "watch",
                    each.group,
                    each.version,
                    each.plural,
                    namespace=(namespace or "") if each.namespaced else "",
                )
                for each in resources.values()
            ),
        )
        selection = watching.Selection(registry, resources, namespace, options)
        return await self._stream(request, selection, representation(request.headers.get("accept", "")), "Metadata")

    async def _stream(
        self, request: Request, selection: watching.Selection, form: Representation, include: str
    ) -> Response:
        form.check_stream()
        position = query.parse_position(request.query_params, request.headers.get("last-event-id"))
        frames = await watching.open_watch(self._context, selection, position, form, include)
        if form.events:
            return EventSourceResponse(frames, ping=_EVENT_PING_SECONDS, sep="\n")
        return StreamingResponse(frames, media_type=form.stream_type)

    async def _create(self, request: Request, target: Target) -> Response:
        resource = self._context.resource(target)
        body, options = await _read(request, "CreateOptions")
        if not resource.stored or (target.plural, target.subresource) == ("serviceaccounts", "token"):
            answer = await reviews.answer(self._context, resource, target, body, user_of(request.scope))
            form = representation(request.headers.get("accept", ""))
            return Response(encode(answer, form), status_code=201, media_type=form.content_type)
        if target.name is not None:
            raise errors.MethodNotAllowed("the server does not allow this method on the requested resource")
        result = await writing.create(self._context, resource, target, body, options)
        return self._written(request, target, result)

    async def _update(self, request: Request, target: Target) -> Response:
        resource = self._context.resource(target)
        body, options = await _read(request, "UpdateOptions")
        _require_name(target)
        result = await writing.update(self._context, resource, target, body, options)
        return self._written(request, target, result)

    async def _patch(self, request: Request, target: Target) -> Response:
        media = request.headers.get("content-type", "").partition(";")[0].strip()
        resource = self._context.resource(target)
        _require_name(target)
        raw = await _body(request)
        patch = patching.parse(media, raw, resource, request.query_params)
        options = _write_options(request, "PatchOptions", patching.doubled(media, raw))
        options = replace(options, patched=patch.applied is None)
        result = await writing.patch(self._context, resource, target, patch, options)
        return self._written(request, target, result)

    async def _delete(self, request: Request, target: Target) -> Response:
        resource = self._context.resource(target)
        raw = await _body(request)
        body = decode(raw, request.headers.get("content-type", "")) if raw.strip() else {}
        options = replace(deleting.parse_options(body, request.query_params), user=user_of(request.scope))
        if target.name is None:
            selection = query.parse_list(request.query_params)
            deleted = await deleting.delete_collection(self._context, resource, target.namespace, selection, options)
            return _warned(answers.json_of(deleted.item), deleted.warnings)
        deleted = await deleting.delete(self._context, resource, target, options)
        return _warned(answers.json_of(deleted.item), deleted.warnings)

    async def _transaction(self, request: Request) -> Response:
        body, options = await _read(request, "PatchOptions", transaction.BODY_LIMIT)
        form = representation(request.headers.get("accept", ""))
        result = await transaction.run(self._context, body, options)
        return Response(encode(result, form), media_type=form.content_type)

    def _written(self, request: Request, target: Target, result: writing.Written) -> Response:
        form = representation(request.headers.get("accept", ""))
        include = included(request.query_params, form)
        resource = self._context.resource(target)
        if target.subresource == "scale":
            resource = scale.shown(resource)
        shown = reading.shape_one(resource, result.item, form, include)
        response = Response(
            encode(shown, form), status_code=201 if result.created else 200, media_type=form.content_type
        )
        return _warned(response, result.warnings)


def _warned(response: Response, warnings: Iterable[str]) -> Response:
    """The answer with warnings."""
    for value in answers.warnings(warnings):
        response.headers.append("Warning", value)
    return response


def _nowhere(resource: Resource) -> errors.ApiError:
    """The refusal of a write to the objects of all namespaces at once, each as Kubernetes says it."""
    if not resource.builtin:
        return errors.NotFound.path()
    return errors.MethodNotAllowed("the server does not allow this method on the requested resource")


def _require_name(target: Target) -> None:
    if target.name is None:
        raise errors.MethodNotAllowed("the server does not allow this method on the requested resource")


async def _read(request: Request, kind: str, limit: int = BODY_LIMIT) -> tuple[JSON, query.WriteOptions]:
    """The object that a request carries, and how to write it: by options that are called `kind`."""
    raw, media = await _body(request, limit), request.headers.get("content-type", "")
    body = decode(raw, media)
    return body, _write_options(request, kind, duplicates(raw, media, body))


def _write_options(request: Request, kind: str, doubled: tuple[str, ...]) -> query.WriteOptions:
    """Options that are called `kind`; `doubled` are the paths of keys that the body has twice."""
    agent = request.headers.get("user-agent", "")
    return query.parse_write(request.query_params, agent, kind, duplicates=doubled, user=user_of(request.scope))


async def _body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The whole body. Raises `RequestEntityTooLarge` as soon as it is known to be over the limit."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise errors.RequestEntityTooLarge(f"Request entity too large: limit is {limit}")
        chunks.append(chunk)
    return b"".join(chunks)
