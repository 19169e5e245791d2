"""The kinds of `apiextensions.k8s.io/v1`: CustomResourceDefinition, which adds a kind of its own to the API."""

from typing import Final, Literal

from pydantic import Field
from pydantic.config import JsonDict

from fizz.schemas.admissionregistration import ClientConfig
from fizz.schemas.base import JSON, Model
from fizz.schemas.fields import Time
from fizz.schemas.meta import Object

__all__ = ["CustomResourceDefinition"]

_BY_TYPE: Final[JsonDict] = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


class Names(Model):
    """What the kind is called."""

    plural: str = Field(description="Name of the resource in URLs; lower case.")
    singular: str | None = Field(None, description="Name of one; the kind in lower case if not given.")
    short_names: list[str] | None = Field(None, description="Short names for people.")
    kind: str = Field(description="Name of the kind, in CamelCase.")
    list_kind: str | None = Field(None, description="Name of lists of it; the kind and List if not given.")
    categories: list[str] | None = Field(None, description="Groups of kinds that it is listed with, as all.")


class AcceptedNames(Model):
    """The names that are served."""

    plural: str = Field("", description="Name of the resource in URLs.")
    singular: str | None = Field(None, description="Name of one.")
    short_names: list[str] | None = Field(None, description="Short names for people.")
    kind: str = Field("", description="Name of the kind.")
    list_kind: str | None = Field(None, description="Name of lists of it.")
    categories: list[str] | None = Field(None, description="Groups of kinds that it is listed with.")


class Validation(Model):
    """What objects of a version look like."""

    open_api_v3_schema: JSON | None = Field(
        None, alias="openAPIV3Schema", description="Structural schema, OpenAPI v3 with Kubernetes' extensions."
    )


class StatusSubresource(Model):
    """The status is written apart from the rest; nothing to set."""


class ScaleSubresource(Model):
    """Where the scale subresource finds its numbers, as JSON paths without arrays."""

    spec_replicas_path: str = Field(description="The number that is wanted, below .spec.")
    status_replicas_path: str = Field(description="The number that there is, below .status.")
    label_selector_path: str | None = Field(None, description="A selector of the replicas, below .spec or .status.")


class Subresources(Model):
    """The subresources of a version."""

    status: StatusSubresource | None = Field(None, description="Serve status as a subresource.")
    scale: ScaleSubresource | None = Field(None, description="Serve scale as a subresource.")


class PrinterColumn(Model):
    """A column of tables."""

    name: str = Field(description="Heading.")
    type: str = Field(description="integer, number, string, boolean or date.")
    format: str | None = Field(None, description="Format of the type, as in OpenAPI.")
    description: str | None = Field(None, description="What the column says.")
    priority: int | None = Field(
        None, description="Above 0: in wide tables only.", json_schema_extra={"format": "int32"}
    )
    json_path: str = Field(description="Where the value is, as .spec.size.")


class SelectableField(Model):
    """A field that field selectors know."""

    json_path: str = Field(description="Where the value is, as .spec.color; a text, a number or a boolean.")


class Version(Model):
    """One version of the kind."""

    name: str = Field(description="Name of the version, as v1 or v1beta1.")
    served: bool = Field(False, description="Whether the API serves it.")
    storage: bool = Field(False, description="Whether objects are stored in it; true for exactly one.")
    deprecated: bool | None = Field(None, description="Whether clients are warned of it.")
    deprecation_warning: str | None = Field(None, description="The words of that warning.")
    validation: Validation | None = Field(None, alias="schema", description="What objects look like.")
    subresources: Subresources | None = Field(None, description="Its subresources.")
    additional_printer_columns: list[PrinterColumn] | None = Field(None, description="Columns of tables.")
    selectable_fields: list[SelectableField] | None = Field(None, description="Fields that can be selected by.")


class WebhookConversion(Model):
    """Who converts, and how it is reached."""

    client_config: ClientConfig | None = Field(None, description="Where it answers.")
    conversion_review_versions: list[str] | None = Field(
        None,
        description="Versions of ConversionReview that it reads; v1 must be one.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class Conversion(Model):
    """How objects become those of another version."""

    strategy: str = Field(description="None: only apiVersion changes. Webhook: a webhook converts.")
    webhook: WebhookConversion | None = Field(None, description="Who converts, by strategy Webhook.")


class Spec(Model):
    """What is added to the API."""

    group: str = Field(description="API group, a domain name.")
    names: Names = Field(description="What the kind is called.")
    scope: str = Field(description="Namespaced or Cluster.")
    versions: list[Version] = Field(description="All versions.")
    conversion: Conversion | None = Field(None, description="How objects become those of another version.")
    preserve_unknown_fields: bool | None = Field(None, description="False; of old definitions.")


class DefinitionCondition(Model):
    """One aspect of the definition's state."""

    type: str = Field(description="NamesAccepted, Established, NonStructuralSchema or Terminating.")
    status: Literal["True", "False", "Unknown"] = Field(description="True, False or Unknown.")
    last_transition_time: Time | None = Field(None, description="When the status last changed.")
    reason: str | None = Field(None, description="Why, as one CamelCase word.")
    message: str | None = Field(None, description="Why, as a sentence.")
    observed_generation: int | None = Field(None, description="The generation that was judged.")


class Status(Model):
    """What became of the definition."""

    conditions: list[DefinitionCondition] | None = Field(
        None, description="Whether names are accepted and the kind is served.", json_schema_extra=_BY_TYPE
    )
    accepted_names: AcceptedNames | None = Field(None, description="The names that are served.")
    stored_versions: list[str] | None = Field(None, description="All versions that objects were ever stored in.")
    observed_generation: int | None = Field(None, description="The generation that was judged.")


class CustomResourceDefinition(Object):
    """Adds a kind to the API."""

    api_version: str = "apiextensions.k8s.io/v1"
    kind: str = "CustomResourceDefinition"
    spec: Spec = Field(description="What is added to the API.")
    status: Status | None = Field(None, description="What became of it.")
