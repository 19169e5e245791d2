"""What keeps a Container from being started now: networks, volumes, names and images that are not there yet.

Nothing is called missing on hearsay: informers run at their own pace, so the server is asked before it is said.
"""

from typing import Final

from fizz.client.objects import Key
from fizz.controllers.node.attempt import Ground, own_networks
from fizz.controllers.node.engine import EngineContainer, Missing
from fizz.controllers.node.mirror import key_of_labels
from fizz.controllers.node.naming import container_name, is_predecessor
from fizz.controllers.node.neighbours import doubt, lacking
from fizz.controllers.node.status import DISCONNECTED, Trouble
from fizz.schemas import labels
from fizz.schemas.apps import Network, Volume
from fizz.schemas.container import Container
from fizz.schemas.publishing import ports_of_ingress

__all__ = ["name_taken", "obstacle"]

_PATIENCE_SECONDS: Final = 3.0
"""What follows another, as a service that was given another name, is made a moment before that one is deleted."""
_ADOPTION_SECONDS: Final = 0.25
"""When to look at a container that was found by its name, should its status not be written before."""


async def obstacle(ground: Ground, item: Container, current: EngineContainer | None) -> Trouble | None:
    """The first thing that is in the way, or None. `current` is what the engine has: that is only to be started."""
    wait = ground.retries.remaining(_key(item), item.metadata.generation)
    if wait > 0:
        return _again(item, wait)
    for name in own_networks(item):
        key = Key(item.namespace, name)
        network = ground.objects.network(key)
        if network is not None and network.metadata.deletion_timestamp is not None:
            return Trouble("Pending", "NetworkDeleting", f"Network {name!r} is being deleted")
        if key not in ground.networks:
            return await _missing(ground, Network, key)
    for mount in item.spec.mounts or []:
        if mount.type == "volume" and mount.source is not None:
            key = Key(item.namespace, mount.source)
            if key not in ground.volumes:
                return await _missing(ground, Volume, key)
    if current is not None and (wait := doubt(item, current, ground.now())) > 0:
        return Trouble("Creating", "NeighbourEnding", retry_after=wait)
    if lacking(ground, item):
        return Trouble("Pending", "NeighbourNotRunning")
    if ground.ingress and ports_of_ingress(item):
        published = item.status.ingress if item.status else None
        if published is None:
            return Trouble("Pending", "PublishingPorts")
        if published.state == "Refused":
            return Trouble("Pending", published.reason or "PortTaken", published.message or "")
    if current is not None:
        return None
    holder = ground.mirror.named(container_name(item))
    if (
        holder is not None
        and holder.id not in {each.id for each in await ground.mirror.look(_key(item))}
        and not is_predecessor(holder.labels, item, ground.session.owner)
    ):
        if (early := _early(ground, item)) > 0:
            return Trouble("Pending", "NameTaken", retry_after=early)
        return Trouble("Pending", "NameTaken", _held(ground, holder))
    return await ground.images.before_creating(item)


async def name_taken(ground: Ground, item: Container) -> Trouble:
    """The engine would not give the Container its name: whose it is, and what comes next. Raises `EngineLost`."""
    name = container_name(item)
    try:
        holder = await ground.engine.inspect(name)
    except Missing:
        holder = None  # it went just now
    if holder is None or holder.state == "removing":
        message = ""
    elif holder.labels.get(labels.UID) == item.metadata.uid:  # made before a crash
        ground.mirror.mark(holder.id, _key(item))
        return Trouble("Creating", "Adopting", retry_after=_ADOPTION_SECONDS)
    elif ground.session.owner.owns(holder.labels):
        message = _held(ground, holder)
    else:
        hint = f"remove it (docker rm -f {name}) or give this one another containerName"
        message = f"the engine has a container named {name!r} that does not belong to this Container; {hint}"
    return Trouble("Pending", "NameTaken", message, ground.retries.failed(_key(item), item.metadata.generation))


def _early(ground: Ground, item: Container) -> float:
    """For how many seconds yet the Container is so new that the one before it may still be about to be deleted."""
    made = item.metadata.creation_timestamp
    left = _PATIENCE_SECONDS - (ground.now() - made).total_seconds() if made else 0.0
    return min(left, _PATIENCE_SECONDS)  # the clock may have been set back since


def _held(ground: Ground, holder: EngineContainer) -> str:
    """Who of ours has the name, and what to do; empty if that one is on its way out, which the engine will tell."""
    key = key_of_labels(holder.labels)
    other = ground.objects.container(key) if key else None
    if other is None or other.metadata.deletion_timestamp is not None or holder.state == "removing":
        return ""
    if other.metadata.uid != holder.labels.get(labels.UID):
        return ""
    return (
        f"Container {other.namespace}/{other.name} has the name {holder.name!r} in the engine; "
        "give one of the two another containerName (container_name in a compose file), or delete that one"
    )


async def _missing(ground: Ground, kind: type[Network] | type[Volume], key: Key) -> Trouble:
    """The Network or Volume is not in the engine: say whether there is none, or whether it is only not ready yet."""
    name = kind.__name__
    known = ground.objects.network(key) if kind is Network else ground.objects.volume(key)
    if known is None and await ground.objects.fresh(kind, key) is None:
        return Trouble("Pending", f"{name}Missing", f"there is no {name} {key.name!r} in the namespace")
    why = known.status.message if known is not None and known.status else None
    return Trouble("Pending", f"{name}NotReady", f"{name} {key.name!r}: {why}" if why else "")


def _again(item: Container, wait: float) -> Trouble:
    """It failed, and will be tried again: what the status says of it stays."""
    status = item.status
    if status is not None and status.reason == DISCONNECTED:
        return Trouble("Creating", DISCONNECTED, (status.message or "").partition(": ")[2], wait)
    if status is None or status.reason is None or status.phase not in {"Pending", "Creating", "Restarting"}:
        return Trouble("Creating", "BackOff", retry_after=wait)
    message = status.message or ""
    if status.phase == "Pending":
        return Trouble("Pending", status.reason, message, wait)
    return Trouble("Creating", status.reason, message, wait)


def _key(item: Container) -> Key:
    return Key(item.namespace, item.name)
