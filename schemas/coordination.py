"""The kinds of `coordination.k8s.io/v1`: Lease."""

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import MicroTime
from fizz.schemas.meta import Object

__all__ = ["Lease", "LeaseSpec"]


class LeaseSpec(Model):
    """Who holds the lease, since when and for how long."""

    holder_identity: str | None = Field(None, description="Who holds it; empty if nobody does.")
    lease_duration_seconds: int | None = Field(None, description="Seconds after renewTime until others may take it.")
    acquire_time: MicroTime | None = Field(None, description="When the holder took it.")
    renew_time: MicroTime | None = Field(None, description="When the holder last renewed it.")
    lease_transitions: int | None = Field(None, description="How often the holder changed.")
    strategy: str | None = Field(None, description="How a coordinated election chooses the holder.")
    preferred_holder: str | None = Field(None, description="Who should hold it next.")


class Lease(Object):
    """A claim that must be renewed: leader election and node heartbeats. Kept in memory, never logged."""

    api_version: str = "coordination.k8s.io/v1"
    kind: str = "Lease"
    spec: LeaseSpec = Field(default_factory=LeaseSpec, description="Who holds it.")
