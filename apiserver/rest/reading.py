"""Reading: one object, or a list as of one revision.

Stored JSON is sent as it is, with the resourceVersion spliced in; objects are only decoded where a selector, another
format or a table asks for it. A list is a snapshot: its pages all show the revision of the first one, and the
continue token carries it.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from fizz.apiserver import errors
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.rest import tables, versions
from fizz.apiserver.rest.context import Context
from fizz.apiserver.rest.negotiate import Representation, encode
from fizz.apiserver.rest.query import Continue, ListOptions
from fizz.apiserver.store.types import (
    Compacted,
    ForeignRevision,
    FutureRevision,
    Record,
    Revision,
    StoreError,
)
from fizz.schemas.base import JSON

__all__ = ["Listing", "check_fields", "get", "list_objects", "matches", "read_page", "refusal", "shape_one"]

_ALWAYS: Final = 2
"""Field selectors that every kind has: the name and the namespace."""


class Listing:
    """A page of objects as they are stored, and what the list's metadata says of it."""

    __slots__ = ("records", "remaining", "revision", "token")

    def __init__(self, records: Sequence[Record], revision: Revision, token: str, remaining: int | None) -> None:
        self.records, self.revision, self.token, self.remaining = records, revision, token, remaining

    def metadata(self) -> JSON:
        metadata: JSON = {"resourceVersion": str(self.revision)}
        if self.token:
            metadata["continue"] = self.token
            if self.remaining is not None:
                metadata["remainingItemCount"] = self.remaining
        return metadata


async def get(
    context: Context, resource: Resource, namespace: str | None, name: str, form: Representation, include: str
) -> bytes:
    """One object in the form asked for. Raises `NotFound`."""
    if form.of_lists:
        raise errors.NotAcceptable("you requested PartialObjectMetadataList, but the requested object is not a list")
    (record,) = await versions.brought(context, resource, [await context.record(resource, namespace, name)])
    value = resource.sent(record.value, record.revision)
    return value if form.plain else encode(shape_one(resource, orjson.loads(value), form, include), form)


async def list_objects(
    context: Context,
    resource: Resource,
    namespace: str | None,
    options: ListOptions,
    form: Representation,
    include: str,
) -> bytes:
    """A list in the form asked for."""
    if form.shape == "metadata" and not form.of_lists:
        raise errors.NotAcceptable("you requested PartialObjectMetadata, but the requested object is a list")
    listing = await read_page(context, resource, namespace, options)
    if form.plain:
        head = orjson.dumps(
            {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": listing.metadata()}
        )
        items = b",".join(resource.sent(record.value, record.revision) for record in listing.records)
        return b'%s,"items":[%s]}' % (head[:-1], items)
    objects = [resource.load(record.value, record.revision) for record in listing.records]
    metadata = listing.metadata()
    if form.shape == "table":
        return encode(tables.table(resource, objects, metadata, form.version, include), form)
    kind, api_version = resource.list_kind, resource.api_version
    if form.shape == "metadata":
        kind, api_version = "PartialObjectMetadataList", f"meta.k8s.io/{form.version}"
        objects = [tables.metadata_only(each, form.version) for each in objects]
    return encode({"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": objects}, form)


def shape_one(resource: Resource, item: JSON, form: Representation, include: str, *, columns: bool = True) -> JSON:
    """One object as a table of one row, as metadata alone, or as it is."""
    match form.shape:
        case "table":
            metadata = {"resourceVersion": item["metadata"].get("resourceVersion", "")}
            return tables.table(resource, [item], metadata, form.version, include, columns=columns)
        case "metadata":
            return tables.metadata_only(item, form.version)
        case "object":
            return item


async def read_page(context: Context, resource: Resource, namespace: str | None, options: ListOptions) -> Listing:
    """The records of one page. With selectors, pages are filled with what matches."""
    check_fields(resource, options)
    store, prefix = context.store, resource.prefix(namespace)
    revision, after = _snapshot(context, options)
    found: list[Record] = []
    while True:
        missing = options.limit - len(found) if options.limit else None
        try:
            page = await store.list(prefix, limit=missing, after=after, revision=revision)
        except StoreError as problem:
            raise _refuse_list(problem, options, context) from problem
        revision, after = page.revision, page.next_key
        records = await versions.brought(context, resource, page.records)
        found += (
            [record for record in records if matches(resource, record.value, options)] if options.selective else records
        )
        if after is None or (options.limit and len(found) >= options.limit):
            break
    token = Continue(revision, after).encode() if after is not None else ""
    return Listing(found, revision, token, None if options.selective else page.remaining)


def _snapshot(context: Context, options: ListOptions) -> tuple[Revision | None, str | None]:
    """The revision to read at (None: now) and the key to begin behind."""
    if options.token:
        return options.token.revision, options.token.after
    if options.match == "Exact":
        return options.revision, None
    if options.revision and options.revision > context.store.revision:
        raise refusal(FutureRevision(options.revision, context.store.revision))
    return None, None


def check_fields(resource: Resource, options: ListOptions) -> None:
    """Raises `BadRequest` for a field selector that the kind does not know."""
    for path in sorted(options.fields.paths - resource.selectable):
        if resource.builtin and len(resource.selectable) == _ALWAYS:
            known = 'only "metadata.name", "metadata.namespace"'
            raise errors.BadRequest(f'"{path}" is not a known field selector: {known}')
        raise errors.BadRequest(f"field label not supported: {path}")


def matches(resource: Resource, value: bytes, options: ListOptions) -> bool:
    """Whether a stored object is selected."""
    if not options.selective:
        return True
    item = orjson.loads(value)
    return selected(resource, item if resource.from_stored is None else resource.from_stored(item), options)


def selected(resource: Resource, item: JSON, options: ListOptions) -> bool:
    """Whether an object is selected."""
    if options.labels and not options.labels.matches(item["metadata"].get("labels")):
        return False
    return not options.fields or options.fields.matches(resource.fields(item))


def _refuse_list(problem: StoreError, options: ListOptions, context: Context) -> errors.ApiError:
    if isinstance(problem, Compacted) and options.token:
        fresh = Continue(context.store.revision, options.token.after).encode()
        message = (
            "The provided continue parameter is too old to display a consistent list result. You can start a new list "
            "without the continue parameter, or use the continue token in this response to retrieve the remainder "
            "of the results."
        )
        return _ExpiredPage(message, fresh)
    return refusal(problem)


class _ExpiredPage(errors.Expired):
    """410 with a token that goes on, though not on the same snapshot."""

    def __init__(self, message: str, token: str) -> None:
        super().__init__(message)
        self.token = token

    def status(self) -> JSON:
        return {**super().status(), "metadata": {"continue": self.token}}


def refusal(problem: StoreError) -> errors.ApiError:
    """What a client hears when the store cannot go back, or forward, to the revision that it names."""
    match problem:
        case Compacted():
            return errors.Expired(f"too old resource version: {problem.asked} ({problem.compacted})")
        case ForeignRevision():
            return errors.Expired("too old resource version: it comes from another history than this server's")
        case FutureRevision():
            causes = [errors.cause("ResourceVersionTooLarge", "Too large resource version", "")]
            message = f"Timeout: Too large resource version: {problem.asked}, current: {problem.current}"
            return errors.Timeout(message, details={"causes": causes, "retryAfterSeconds": 1})
    return errors.ServiceUnavailable("the store does not answer; try again")
