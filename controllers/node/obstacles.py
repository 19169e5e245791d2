"""What keeps a Container from being started now: networks, volumes, names and images that are not there yet.

Nothing is called missing on hearsay: informers run at their own pace, so the server is asked before it is said.
"""

from fizz.client.objects import Key
from fizz.controllers.node.attempt import Ground, own_networks
from fizz.controllers.node.naming import container_name, is_predecessor
from fizz.controllers.node.neighbours import lacking
from fizz.controllers.node.status import DISCONNECTED, Trouble
from fizz.schemas.apps import Network, Volume
from fizz.schemas.container import Container

__all__ = ["obstacle"]


async def obstacle(ground: Ground, item: Container, *, exists: bool) -> Trouble | None:
    """The first thing that is in the way, or None. `exists`: the engine has the container, it is only to be started."""
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
    if lacking(ground, item):
        return Trouble("Pending", "NeighbourNotRunning")
    if exists:
        return None
    holder = ground.mirror.named(container_name(item))
    if (
        holder is not None
        and holder.id not in {each.id for each in await ground.mirror.look(_key(item))}
        and not is_predecessor(holder.labels, item, ground.session.owner)
    ):
        return Trouble("Pending", "NameTaken")  # by another of ours, whose going the engine will tell
    return await ground.images.before_creating(item)


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
