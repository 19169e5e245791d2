"""The kinds of the core group, `v1`: Namespace, Secret, ConfigMap, ServiceAccount, Event."""

from typing import Literal

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import MicroTime, Time
from fizz.schemas.meta import Condition, Object

__all__ = [
    "ConfigMap",
    "Event",
    "EventSeries",
    "EventSource",
    "LocalObjectReference",
    "Namespace",
    "NamespaceSpec",
    "NamespaceStatus",
    "ObjectReference",
    "Secret",
    "ServiceAccount",
]


class NamespaceSpec(Model):
    """What keeps a namespace alive."""

    finalizers: list[str] | None = Field(
        None, description="Who must empty the namespace before it goes; `kubernetes` stands for its contents."
    )


class NamespaceStatus(Model):
    """Where a namespace is in its life."""

    phase: Literal["Active", "Terminating"] | None = Field(
        None, description="Active, or Terminating while it is emptied."
    )
    conditions: list[Condition] | None = Field(
        None,
        description="What holds up the end of a terminating namespace.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )


class Namespace(Object):
    """A scope of names. A compose project is a Namespace."""

    api_version: str = "v1"
    kind: str = "Namespace"
    spec: NamespaceSpec = Field(default_factory=NamespaceSpec, description="What keeps the namespace alive.")
    status: NamespaceStatus | None = Field(None, description="Where the namespace is in its life.")


class ConfigMap(Object):
    """Configuration that is no secret, as texts and bytes by key."""

    api_version: str = "v1"
    kind: str = "ConfigMap"
    data: dict[str, str] | None = Field(None, description="Texts by key.")
    binary_data: dict[str, str] | None = Field(None, description="Bytes by key, base64.")
    immutable: bool | None = Field(None, description="True if the data must never change.")


class Secret(Object):
    """Sensitive data by key."""

    api_version: str = "v1"
    kind: str = "Secret"
    type: str = Field("Opaque", description="What the data is for. Cannot be changed.")
    data: dict[str, str] | None = Field(None, description="Bytes by key, base64.")
    string_data: dict[str, str] | None = Field(None, description="Texts by key; written into data, never read back.")
    immutable: bool | None = Field(None, description="True if the data must never change.")


class ObjectReference(Model):
    """Points at an object, or at a part of it."""

    api_version: str | None = Field(None, description="Group and version of the object.")
    kind: str | None = Field(None, description="Kind of the object.")
    namespace: str | None = Field(None, description="Namespace of the object.")
    name: str | None = Field(None, description="Name of the object.")
    uid: str | None = Field(None, description="Uid of the object.")
    resource_version: str | None = Field(None, description="The version that is meant.")
    field_path: str | None = Field(None, description="The part of the object that is meant.")


class LocalObjectReference(Model):
    """Points at an object in the same namespace."""

    name: str | None = Field(None, description="Name of the object.")


class ServiceAccount(Object):
    """Who a program is. Its tokens are asked for at the subresource `token`."""

    api_version: str = "v1"
    kind: str = "ServiceAccount"
    secrets: list[ObjectReference] | None = Field(
        None,
        description="Secrets that programs of this account may use. Kept for others; Fizz makes no use of it.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    image_pull_secrets: list[LocalObjectReference] | None = Field(
        None, description="Secrets for container registries. Kept for others; Fizz makes no use of it."
    )
    automount_service_account_token: bool | None = Field(
        None, description="Whether programs get a token by themselves. Kept for others; Fizz makes no use of it."
    )


class EventSource(Model):
    """Who saw it."""

    component: str | None = Field(None, description="The component that reports.")
    host: str | None = Field(None, description="The node that it reports from.")


class EventSeries(Model):
    """Counts repetitions of an event."""

    count: int | None = Field(None, description="How often it happened.")
    last_observed_time: MicroTime | None = Field(None, description="When it happened last.")


class Event(Object):
    """Something that happened to an object. Kept for an hour."""

    api_version: str = "v1"
    kind: str = "Event"
    involved_object: ObjectReference = Field(default_factory=ObjectReference, description="What it happened to.")
    reason: str | None = Field(None, description="What happened, as one CamelCase word.")
    message: str | None = Field(None, description="What happened, as a sentence.")
    type: str | None = Field(None, description="Normal or Warning.")
    source: EventSource | None = Field(None, description="Who saw it.")
    first_timestamp: Time | None = Field(None, description="When it happened first.")
    last_timestamp: Time | None = Field(None, description="When it happened last.")
    count: int | None = Field(None, description="How often it happened.")
    event_time: MicroTime | None = Field(None, description="When it was first seen.")
    series: EventSeries | None = Field(None, description="Repetitions.")
    action: str | None = Field(None, description="What was done or failed.")
    related: ObjectReference | None = Field(None, description="A second object that took part.")
    reporting_component: str | None = Field(None, description="The controller that reports.")
    reporting_instance: str | None = Field(None, description="Which of its instances.")
