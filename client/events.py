"""Events: what controllers tell people about an object, shown by `fizz describe` and `fizz events`.

    recorder = EventRecorder(client, "deployment")
    recorder.event(deployment, "Normal", "ScaledUp", "started 2 containers")

Recording costs the caller nothing and never fails it: a task writes behind its back. The same words about the same
object within ten minutes are one Event whose `count` grows. If the server is too slow for what is recorded, the newest
are dropped, with a line in the log.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

from fizz.client.api import Client
from fizz.client.errors import AlreadyExists, ApiError, NotFound
from fizz.client.objects import key_of, type_of, uid_of, version_of
from fizz.schemas import logs
from fizz.schemas.base import JSON
from fizz.schemas.core import Event, EventSource, ObjectReference
from fizz.schemas.meta import Object, ObjectMeta
from fizz.schemas.times import format_seconds

__all__ = ["EventRecorder"]

_WINDOW_SECONDS: Final = 600.0
_REMEMBERED: Final = 4096
_PENDING: Final = 1000
_CLOSE_SECONDS: Final = 2.0

log: Final = logs.logger()


class _Subject(NamedTuple):
    """What makes two events the same."""

    namespace: str
    name: str
    uid: str
    api_version: str
    kind: str
    type: str
    reason: str
    message: str


@dataclass(slots=True)
class _Record:
    """What is known of an Event. `written` is the count that the server has; 0 if it has no such Event yet."""

    subject: _Subject
    name: str
    version: str
    first: datetime
    last: datetime
    count: int = 1
    written: int = 0


class EventRecorder:
    """Records Events for one component. Starts its task with the first event; `close` writes what is left."""

    def __init__(
        self,
        client: Client,
        component: str,
        host: str = "",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._component, self._host, self._now = client, component, host, now
        self._records: OrderedDict[_Subject, _Record] = OrderedDict()
        self._pending: dict[_Subject, _Record] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._dropped = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def event(self, obj: Object | JSON, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:  # noqa: A002
        """Something happened to the object. `reason` is one CamelCase word, `message` a sentence."""
        subject = _Subject(*key_of(obj), uid_of(obj), *type_of(obj), type, reason, message)
        now = self._now()
        record = self._records.get(subject)
        if record and (now - record.last).total_seconds() <= _WINDOW_SECONDS:
            record.count += 1
            record.last = now
        else:
            record = _Record(subject, _name(subject, self._component, now), version_of(obj), now, now)
        if subject not in self._pending and len(self._pending) >= _PENDING:
            self._drop(subject)
            return
        self._remember(record)
        self._pending[subject] = record
        self._idle.clear()
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_all(), name="event recorder")

    async def flush(self) -> None:
        """Wait until everything that was recorded is written, or was given up."""
        if self._task and not self._task.done():
            await self._idle.wait()

    async def close(self) -> None:
        """Write what is left, for 2 s at most, and end. Safe to call twice."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.flush()
        except TimeoutError:
            log.warning("events were not written before the end", count=len(self._pending))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def _remember(self, record: _Record) -> None:
        self._records[record.subject] = record
        self._records.move_to_end(record.subject)
        while len(self._records) > _REMEMBERED:
            self._records.popitem(last=False)

    def _drop(self, subject: _Subject) -> None:
        self._dropped += 1
        if self._dropped == 1 or self._dropped % _PENDING == 0:
            log.warning(
                "the server is too slow for our events, dropping",
                dropped=self._dropped,
                kind=subject.kind,
                namespace=subject.namespace,
                name=subject.name,
                reason=subject.reason,
            )

    async def _write_all(self) -> None:
        while True:
            while self._pending:
                record = next(iter(self._pending.values()))
                try:
                    await self._write(record)
                except ApiError as error:
                    log.debug("event was not written", event_name=record.name, error=error.message)
                    record.written = record.count
                except Exception:
                    log.exception("event cannot be written", event_name=record.name)
                    record.written = record.count
                if record.written == record.count:
                    self._pending.pop(record.subject, None)
            self._idle.set()
            self._wake.clear()
            await self._wake.wait()

    async def _write(self, record: _Record) -> None:
        count = record.count
        if record.written:
            try:
                patch = {"count": count, "lastTimestamp": format_seconds(record.last)}
                await self._client.patch(Event, record.name, patch, _namespace(record.subject))
                record.written = count
                return
            except NotFound:  # Events are kept for an hour only
                log.debug("event expired, writing it anew", event_name=record.name)
        try:
            await self._client.create(self._event(record))
        except AlreadyExists:
            log.debug("event is there already", event_name=record.name)
        record.written = count

    def _event(self, record: _Record) -> Event:
        subject = record.subject
        return Event(
            metadata=ObjectMeta(name=record.name, namespace=_namespace(subject)),
            involved_object=ObjectReference(
                api_version=subject.api_version,
                kind=subject.kind,
                namespace=subject.namespace or None,
                name=subject.name,
                uid=subject.uid or None,
                resource_version=record.version or None,
            ),
            type=subject.type,
            reason=subject.reason,
            message=subject.message,
            source=EventSource(component=self._component, host=self._host or None),
            reporting_component=self._component,
            reporting_instance=self._host or None,
            first_timestamp=record.first,
            last_timestamp=record.last,
            count=record.count,
        )


def _namespace(subject: _Subject) -> str:
    """Events about cluster-scoped objects live in the namespace `default`, as in Kubernetes."""
    return subject.namespace or "default"


def _name(subject: _Subject, component: str, now: datetime) -> str:
    text = "\0".join((*subject, component, now.isoformat()))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{subject.name[:230].rstrip('-.')}.{digest}"
