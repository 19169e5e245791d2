"""How the Containers of a Deployment are replaced when its template changes: the fields, and what follows from them.

Two orders. *Start first*: the new Container of a replica is started beside the old one, which is stopped once the new
one is ready; no request is lost, but for a while there are two. *Stop first*: the old one is stopped, then the new one
is started; there is never more than one, but for a while there is none. Who does not say gets start first where two of
a kind cannot get in each other's way, else stop first; `chosen_order` says which and why.

How many at a time: `maxSurge` is how many there may be beyond `replicas`, `maxUnavailable` how many may be missing,
as in Kubernetes. Who gives neither gives `parallelism`, as in Compose, which means the one or the other by order:

    order StartFirst, parallelism 2    ->  maxSurge 2, maxUnavailable 0
    order StopFirst, parallelism 2     ->  maxSurge 0, maxUnavailable 2

Source: `deploy.update_config` of the Compose Deploy Specification; `strategy` of Kubernetes' Deployment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, WithJsonSchema

from fizz.schemas.base import Model
from fizz.schemas.container import ContainerSpec
from fizz.schemas.fields import Duration
from fizz.schemas.mounts import Mount

__all__ = ["Limits", "Order", "UpdateStrategy", "chosen_order", "limits"]

Order = Literal["StartFirst", "StopFirst"]

Amount = Annotated[
    int | str,
    WithJsonSchema({"x-kubernetes-int-or-string": True, "pattern": r"^(100|[1-9]?[0-9])%$"}),
]
"""A number of replicas, or a share of them, as 25%."""

_DEFAULT_AMOUNT: Final = "25%"


class UpdateStrategy(Model):
    """How Containers are replaced when the template changes."""

    order: Order | None = Field(
        None,
        description="StartFirst starts the new one before the old one is stopped, StopFirst stops the old one before. "
        "Absent: StartFirst where it is safe.",
    )
    parallelism: Amount | None = Field(
        None, description="Replicas that are replaced at a time, as 2 or 25% (the default); 0 means all."
    )
    max_surge: Amount | None = Field(
        None,
        description="Containers that there may be beyond replicas, as 1 or 25%; goes before order and parallelism.",
    )
    max_unavailable: Amount | None = Field(
        None, description="Replicas that may be missing, as 1 or 25%; goes before order and parallelism."
    )
    delay: Duration | None = Field(None, description="Time between one batch and the next; none if absent.")
    monitor: Duration | None = Field(
        None, description="Time that a new replica must stay ready before it counts; none if absent."
    )
    max_failure_ratio: float | None = Field(
        None, ge=0, le=1, description="Share of the replicas that may fail without failing the update; 0 if absent."
    )
    failure_action: Literal["Pause", "Continue", "Rollback"] | None = Field(
        None, description="What happens when more than that fail: Pause (the default), Continue or Rollback."
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an update may go from the wanted number at any time: so many more, so many fewer. Never both 0."""

    surge: int
    unavailable: int


def limits(strategy: UpdateStrategy | None, order: Order, replicas: int) -> Limits:
    """The limits of an update of so many replicas.

    >>> limits(UpdateStrategy(parallelism=2), "StopFirst", 5)
    Limits(surge=0, unavailable=2)
    """
    strategy = strategy or UpdateStrategy()
    if strategy.max_surge is not None or strategy.max_unavailable is not None:
        surge = _count(strategy.max_surge, replicas, up=True)
        unavailable = _count(strategy.max_unavailable, replicas, up=False)
        return Limits(surge, unavailable if surge or unavailable else 1)
    given = _DEFAULT_AMOUNT if strategy.parallelism is None else strategy.parallelism
    at_once = max(1, replicas if given == 0 else _count(given, replicas, up=True))
    return Limits(at_once, 0) if order == "StartFirst" else Limits(0, at_once)


def _count(amount: Amount | None, replicas: int, *, up: bool) -> int:
    """A share is rounded up where more are allowed and down where fewer are, as in Kubernetes."""
    if amount is None:
        return 0
    if isinstance(amount, int):
        return max(0, amount)
    share = int(amount.removesuffix("%")) * replicas
    return -(-share // 100) if up else share // 100


def chosen_order(
    strategy: UpdateStrategy | None, spec: ContainerSpec, *, ports_shared: bool, handed_on: Sequence[str] = ()
) -> tuple[Order, str]:
    """The order, and why it is that one. `ports_shared` says that replicas can share a published port, `handed_on` are
    the paths of the anonymous volumes that a new Container has from the old one.
    """
    if strategy and strategy.order:
        return strategy.order, "it is asked for"
    if why := _conflict(spec, ports_shared, handed_on):
        return "StopFirst", why
    return "StartFirst", "two of it do not get in each other's way"


def _conflict(spec: ContainerSpec, ports_shared: bool, handed_on: Sequence[str]) -> str | None:
    """Why two Containers of that spec cannot run beside each other, or None if they can."""
    if spec.container_name:
        return f"the name {spec.container_name} is taken until the old one is gone"
    if written := next((mount for mount in spec.mounts or [] if _is_shared(mount)), None):
        return f"both would write to {written.target}"
    if source := next((each for each in spec.volumes_from or [] if not each.read_only), None):
        return f"both would write to the volumes of {source.deployment or source.container}"
    covered = {mount.target for mount in spec.mounts or [] if mount.source or mount.read_only or mount.type != "volume"}
    if inherited := next((target for target in handed_on if target not in covered.union(spec.tmpfs or ())), None):
        return f"both would write to the anonymous volume at {inherited}"
    for network in spec.networks or []:
        if fixed := network.ipv4_address or network.ipv6_address or network.mac_address:
            return f"the address {fixed} is taken until the old one is gone"
    if spec.network_mode and spec.network_mode != "none" and spec.network_mode != "bridge":
        return f"with the network mode {spec.network_mode} both would listen on the same ports"
    for port in spec.ports or []:
        if (port.publish or port.host_port) and (port.mode == "host" or port.protocol == "sctp" or not ports_shared):
            return (
                f"the host's port {port.host_port or f'for {port.container_port}'} is taken until the old one is gone"
            )
    return None


def _is_shared(mount: Mount) -> bool:
    """Whether two Containers with that mount write to the same data. tmpfs is each one's own; for anonymous
    volumes see `inheritance`.
    """
    return mount.type in {"volume", "bind", "cluster"} and bool(mount.source) and not mount.read_only
