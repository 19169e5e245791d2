"""Metadata: what every object carries, whatever its kind (Kubernetes API conventions, "Metadata")."""

from typing import Literal

from pydantic import Field

from fizz.schemas.base import JSON, Model
from fizz.schemas.fields import Time

__all__ = ["Condition", "ListMeta", "ManagedFieldsEntry", "Object", "ObjectMeta", "OwnerReference", "owner_reference"]


class OwnerReference(Model):
    """Names the object that this one belongs to: when the owner goes, this one is collected."""

    api_version: str = Field(description="Group and version of the owner.")
    kind: str = Field(description="Kind of the owner.")
    name: str = Field(description="Name of the owner.")
    uid: str = Field(description="Uid of the owner; an owner of that name with another uid does not count.")
    controller: bool | None = Field(None, description="True for the one owner that manages this object.")
    block_owner_deletion: bool | None = Field(
        None, description="True if a foreground deletion of the owner waits for this object."
    )


class ManagedFieldsEntry(Model):
    """Which fields one manager owns, kept by the API server for server-side apply."""

    manager: str | None = Field(None, description="Who owns the fields.")
    operation: Literal["Apply", "Update"] | None = Field(None, description="How the fields were written.")
    api_version: str | None = Field(None, description="The version that the fields are named in.")
    time: Time | None = Field(None, description="When the set of fields last changed.")
    fields_type: Literal["FieldsV1"] | None = Field(None, description="Always FieldsV1.")
    fields_v1: JSON | None = Field(None, alias="fieldsV1", description="The fields, as a tree.")
    subresource: str | None = Field(None, description="The subresource that was written; none for the object itself.")


class ObjectMeta(Model):
    """Identity, versions and relations of an object."""

    name: str | None = Field(
        None, description="Unique among the objects of its kind in its namespace. Cannot be changed."
    )
    generate_name: str | None = Field(
        None, description="Prefix of a name that the server makes unique, if name is not given."
    )
    namespace: str | None = Field(
        None, description="The namespace that the object lives in; none for cluster-scoped kinds."
    )
    uid: str | None = Field(None, description="Unique in time and space, given by the server.")
    resource_version: str | None = Field(
        None,
        description="Changes with every write. Clients may compare it for equality and send it back; nothing else.",
    )
    generation: int | None = Field(None, description="Counts changes of the desired state.")
    creation_timestamp: Time | None = Field(None, description="When the object was created.")
    deletion_timestamp: Time | None = Field(
        None, description="When deletion was asked for; the object goes when its finalizers are gone."
    )
    deletion_grace_period_seconds: int | None = Field(None, description="Seconds granted for a graceful end.")
    labels: dict[str, str] | None = Field(None, description="Short identifying values that selectors match.")
    annotations: dict[str, str] | None = Field(None, description="Any other values that tools attach.")
    owner_references: list[OwnerReference] | None = Field(
        None,
        description="The objects that this one belongs to.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"]},
    )
    finalizers: list[str] | None = Field(
        None,
        description="Who must still act before the object may go.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    managed_fields: list[ManagedFieldsEntry] | None = Field(None, description="Who manages which fields.")


class ListMeta(Model):
    """Metadata of a list."""

    resource_version: str | None = Field(None, description="The version that the list shows; watch from here.")
    continue_: str | None = Field(None, alias="continue", description="Token for the next page.")
    remaining_item_count: int | None = Field(None, description="How many items follow the page.")


class Condition(Model):
    """One aspect of an object's state, as seen by a controller."""

    type: str = Field(description="What is judged, as Ready or Available.")
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    observed_generation: int | None = Field(None, description="The generation that was judged.")
    last_transition_time: Time | None = Field(None, description="When the status last changed.")
    reason: str | None = Field(None, description="Why, as one CamelCase word.")
    message: str | None = Field(None, description="Why, as a sentence.")


class Object(Model):
    """An object of any kind: its type, its metadata and whatever the kind adds."""

    api_version: str = Field(description="Group and version of the kind.")
    kind: str = Field(description="Kind of the object.")
    metadata: ObjectMeta = Field(default_factory=ObjectMeta, description="Identity, versions and relations.")

    @property
    def name(self) -> str:
        """The object's name; empty while the server has yet to generate it."""
        return self.metadata.name or ""

    @property
    def namespace(self) -> str:
        """The object's namespace; empty for cluster-scoped kinds."""
        return self.metadata.namespace or ""

    @property
    def labels(self) -> dict[str, str]:
        """The object's labels; empty if it has none."""
        return self.metadata.labels or {}

    @property
    def annotations(self) -> dict[str, str]:
        """The object's annotations; empty if it has none."""
        return self.metadata.annotations or {}

    def dump(self) -> JSON:
        """Write the wire form, type included."""
        return {"apiVersion": self.api_version, "kind": self.kind, **super().dump()}


def owner_reference(owner: Object) -> OwnerReference:
    """What makes an object the owner's own."""
    return OwnerReference(
        api_version=owner.api_version,
        kind=owner.kind,
        name=owner.name,
        uid=owner.metadata.uid or "",
        controller=True,
        block_owner_deletion=True,
    )
