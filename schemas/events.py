"""The kinds of `events.k8s.io/v1`: Event, the same objects as the Events of `v1` under newer names."""

from pydantic import Field

from fizz.schemas.core import EventSeries, EventSource, ObjectReference
from fizz.schemas.fields import MicroTime, Time
from fizz.schemas.meta import Object

__all__ = ["Event"]


class Event(Object):
    """Something that happened to an object. Kept for an hour. The same as the Event of v1 of that name."""

    api_version: str = "events.k8s.io/v1"
    kind: str = "Event"
    event_time: MicroTime | None = Field(None, description="When it was first seen.")
    series: EventSeries | None = Field(None, description="Repetitions.")
    reporting_controller: str | None = Field(None, description="The controller that reports.")
    reporting_instance: str | None = Field(None, description="Which of its instances.")
    action: str | None = Field(None, description="What was done or failed.")
    reason: str | None = Field(None, description="What happened, as one CamelCase word.")
    regarding: ObjectReference = Field(default_factory=ObjectReference, description="What it happened to.")
    related: ObjectReference | None = Field(None, description="A second object that took part.")
    note: str | None = Field(None, description="What happened, as a sentence.")
    type: str | None = Field(None, description="Normal or Warning.")
    deprecated_source: EventSource | None = Field(None, description="Who saw it, as v1 says it.")
    deprecated_first_timestamp: Time | None = Field(None, description="When it happened first, as v1 says it.")
    deprecated_last_timestamp: Time | None = Field(None, description="When it happened last, as v1 says it.")
    deprecated_count: int | None = Field(None, description="How often it happened, as v1 says it.")
