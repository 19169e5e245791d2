"""Query parameters and headers, parsed once into a frozen value. Unknown parameters are ignored, as clients expect."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import orjson

from fizz.apiserver import errors
from fizz.apiserver.auth.users import ANONYMOUS, User
from fizz.apiserver.kinds.managed import default_manager, validate_manager
from fizz.apiserver.rest.paths import Target
from fizz.apiserver.store import revision as revisions
from fizz.apiserver.store.types import LAST, Position, Revision
from fizz.schemas.selectors import FieldSelector, LabelSelector, parse_fields, parse_labels

__all__ = ["Continue", "ListOptions", "WriteOptions", "as_watch", "flag", "parse_list", "parse_position", "parse_write"]

Match = Literal["Exact", "NotOlderThan"]
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_ANY_LABELS: Final = LabelSelector()
_ANY_FIELDS: Final = FieldSelector()


@dataclass(frozen=True, slots=True)
class Continue:
    """Where the next page begins: behind the key `after`, as of `revision`. Opaque to clients."""

    revision: Revision
    after: str

    def encode(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps({"v": 1, "rv": self.revision, "after": self.after})).decode()

    @classmethod
    def decode(cls, token: str) -> "Continue":
        try:
            content = orjson.loads(base64.urlsafe_b64decode(token.encode()))
            revision, after = content["rv"], content["after"]
        except (ValueError, KeyError, TypeError, binascii.Error) as problem:
            raise errors.BadRequest("continue key is not valid: it is not one that this server gave") from problem
        if not isinstance(revision, int) or not isinstance(after, str):
            raise errors.BadRequest("continue key is not valid: it is not one that this server gave")
        return cls(revision, after)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What to list or watch, and from where. `revision` None: as of now; for a watch: now, with what is there first."""

    labels: LabelSelector = _ANY_LABELS
    fields: FieldSelector = _ANY_FIELDS
    limit: int | None = None
    token: Continue | None = None
    revision: Revision | None = None
    match: Match | None = None
    watch: bool = False
    bookmarks: bool = False
    send_initial_events: bool = False
    timeout: float | None = None

    @property
    def selective(self) -> bool:
        return bool(self.labels) or bool(self.fields)


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How to write. `user` asks for it; `manager` owns what is written; `validation` says what happens to unknown
    fields and to `duplicates`, the paths of keys that the body has twice.
    """

    dry_run: bool = False
    manager: str = ""
    force: bool = False
    validation: Literal["Strict", "Warn", "Ignore"] = "Warn"
    duplicates: tuple[str, ...] = ()
    user: User = ANONYMOUS
    patched: bool = False
    """Whether the object comes of a patch: what cannot be read then is the patch's fault."""


def parse_list(query: Mapping[str, str]) -> ListOptions:
    """Raises `BadRequest` for what cannot be read and `Invalid` for combinations that mean nothing."""
    try:
        labels = parse_labels(query.get("labelSelector", ""))
        fields = parse_fields(query.get("fieldSelector", ""))
    except ValueError as problem:
        raise errors.BadRequest(str(problem)) from problem
    options = ListOptions(
        labels=labels,
        fields=fields,
        limit=limit if (limit := _number(query, "limit") or 0) > 0 else None,
        token=Continue.decode(query["continue"]) if query.get("continue") else None,
        revision=_revision(query.get("resourceVersion", "")),
        match=_match(query.get("resourceVersionMatch", "")),
        watch=flag(query, "watch"),
        bookmarks=flag(query, "allowWatchBookmarks"),
        send_initial_events=flag(query, "sendInitialEvents"),
        timeout=float(seconds) if (seconds := _number(query, "timeoutSeconds") or 0) > 0 else None,
    )
    _check_combination(options, "sendInitialEvents" in query)
    return options


def _check_combination(options: ListOptions, asks_initial: bool) -> None:
    causes = []
    if options.watch:
        if asks_initial and options.match != "NotOlderThan":
            causes.append(
                _forbidden(
                    "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
                )
            )
        if options.match == "Exact":
            message = 'Unsupported value: "Exact": supported values: "NotOlderThan"'
            causes.append(errors.cause("FieldValueNotSupported", message, "resourceVersionMatch"))
        if options.match and options.token:
            causes.append(
                _forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
            )
        if options.match and not asks_initial:
            causes.append(
                _forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                )
            )
    elif asks_initial:
        causes.append(_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    elif options.match:
        if options.token:
            causes.append(
                _forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
            )
        elif options.revision is None:
            causes.append(
                _forbidden(
                    "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"
                )
            )
        elif options.match == "Exact" and options.revision == 0:
            causes.append(
                _forbidden("resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
            )
    if causes:
        raise errors.Invalid.of("ListOptions", "meta.k8s.io", "", causes)
    if options.token and options.revision:
        raise errors.BadRequest("specifying resource version is not allowed when using continue")


def as_watch(target: Target, options: ListOptions) -> tuple[Target, ListOptions]:
    """What a URL that itself asks for a watch means: a watch of the collection, or of the one that is named."""
    fields = options.fields
    if target.name is not None:
        fields = FieldSelector((*fields.terms, ("metadata.name", target.name, True)))
    return replace(target, name=None, watch=False), replace(options, watch=True, fields=fields)


def parse_position(query: Mapping[str, str], last_event_id: str | None) -> Position | None:
    """Where a watch begins: the Last-Event-ID of a stream that broke (`R`, or `R.sub` inside a transaction), else the
    resourceVersion; None for "now, with what is there first".
    """
    if last_event_id:
        number, dot, sub = last_event_id.partition(".")
        if dot and not sub.isdigit():
            raise errors.BadRequest(f"Last-Event-ID is {last_event_id!r}; it is no id that this server gave")
        revision = _revision(number)
        return None if revision is None else (revision, int(sub) if dot else LAST)
    revision = _revision(query.get("resourceVersion", ""))
    return (revision, LAST) if revision else None


def parse_write(
    query: Mapping[str, str],
    user_agent: str,
    kind: str = "CreateOptions",
    *,
    duplicates: tuple[str, ...] = (),
    user: User = ANONYMOUS,
) -> WriteOptions:
    """Raises `BadRequest` or `Invalid` naming the parameter; `kind` is what the options are called."""
    if not query:
        return WriteOptions(manager=default_manager(user_agent), duplicates=duplicates, user=user)
    dry_run = query.get("dryRun", "")
    if dry_run not in {"", "All"}:
        message = f'Unsupported value: "{dry_run}": supported values: "All"'
        raise errors.Invalid.of(kind, "meta.k8s.io", "", [errors.cause("FieldValueNotSupported", message, "dryRun")])
    match query.get("fieldValidation", "") or "Warn":
        case "Strict" | "Warn" | "Ignore" as validation:
            pass
        case other:
            message = f'Unsupported value: "{other}": supported values: "Ignore", "Strict", "Warn"'
            causes = [errors.cause("FieldValueNotSupported", message, "fieldValidation")]
            raise errors.Invalid.of(kind, "meta.k8s.io", "", causes)
    named = query.get("fieldManager", "")
    if named and (wrong := validate_manager(named)):
        raise errors.Invalid.of(kind, "meta.k8s.io", "", [each.dump() for each in wrong])
    return WriteOptions(
        dry_run=bool(dry_run),
        manager=named or default_manager(user_agent),
        force=flag(query, "force"),
        validation=validation,
        duplicates=duplicates,
        user=user,
    )


def _forbidden(field: str, message: str) -> dict[str, str]:
    return errors.cause("FieldValueForbidden", f"Forbidden: {message}", field)


def flag(query: Mapping[str, str], name: str) -> bool:
    """Whether a parameter says yes: it does if it is there, unless it says `false` or `0`."""
    value = query.get(name)
    return value is not None and value.lower() not in {"false", "0"}


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not _INTEGER.fullmatch(text):
        raise errors.BadRequest(f"{name} is {text!r}; it must be a whole number")
    return int(text)


def _revision(text: str) -> Revision | None:
    if not text:
        return None
    try:
        return revisions.parse(text)
    except ValueError as problem:
        message = f'Invalid value: "{text}": must be a whole number that the server gave'
        causes = [errors.cause("FieldValueInvalid", message, "resourceVersion")]
        raise errors.Invalid.of("ListOptions", "meta.k8s.io", "", causes) from problem


def _match(text: str) -> Match | None:
    match text:
        case "":
            return None
        case "Exact" | "NotOlderThan":
            return text
    message = f'Unsupported value: "{text}": supported values: "Exact", "NotOlderThan"'
    causes = [errors.cause("FieldValueNotSupported", message, "resourceVersionMatch")]
    raise errors.Invalid.of("ListOptions", "meta.k8s.io", "", causes)
