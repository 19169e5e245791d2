"""What to do next for one Container: pure, from what is wanted and what the engine has to a list of actions.

An action can say what it does and do it, through `Hands`. A plan that is cut off at any point, by a crash or an error,
is no harm: the next one begins with what is there. That is why creating, joining networks and starting are separate
actions: each finds out by itself how far the last attempt came.

    nothing there            write files, create, join networks, start; before that, a predecessor gives its name
    created, not started     write files, join networks, start
    ended, but wanted        write files, start
    runs, but not in all     join networks
    runs, but is not to      stop, or kill if it has no time at all
    is not to start yet      create, join networks
    is to be paused          pause once it runs
    is paused, but is not    unpause; after a while if somebody did it by hand
      to be
    of another name, and     rename: it was set aside, or somebody did it by hand
      its own is free
    of another spec          stop, remove, then as if nothing were there
    shares what is gone      the same
    shares what has begun    stop, start
      anew, or to be restarted
    of another object        the same; one that is not the owner's is left alone
    ended for good           nothing; it stays until the Container is deleted
    Container deleted        stop, remove, remove files, release the Container

The engine's objects tell by labels whose they are: see `naming`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from fizz.controllers.node.engine import (
    Connection,
    Containers,
    CreateRequest,
    EngineContainer,
    Missing,
    NameTaken,
    Refused,
)
from fizz.controllers.node.naming import Owner
from fizz.schemas import labels
from fizz.schemas.container import DesiredState

__all__ = [
    "Action",
    "Create",
    "Hands",
    "Join",
    "Kill",
    "Pause",
    "Release",
    "Remove",
    "RemoveFiles",
    "Rename",
    "Start",
    "Stop",
    "Unpause",
    "View",
    "Wanted",
    "WriteFiles",
    "chosen",
    "is_left_out",
    "plan",
    "shares_others",
]


class Hands(Protocol):
    """What actions act with: the engine, and what else belongs to one Container."""

    engine: Containers

    created: str
    """The id of the container that this attempt created; empty if it created none."""

    async def request(self) -> CreateRequest:
        """What is to be created, with everything in it."""

    async def connections(self) -> Sequence[Connection]:
        """The networks that the container is to be in, with the settings of each."""

    async def write_files(self) -> None:
        """Write the Secrets and ConfigMaps that the container sees as files."""

    async def before_stop(self, container: EngineContainer) -> None:
        """Run the commands that the Container wants to be run in it before it is stopped."""

    async def remove_files(self, uid: str) -> None:
        """Remove the files of a Container."""

    async def release(self) -> None:
        """Take the agent's finalizer from the Container, so that it may go."""

    def tell(self, kind: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """Record an Event about the Container."""


class Action(Protocol):
    """Something to do."""

    def __str__(self) -> str:
        """What it does, as a phrase."""

    async def run(self, hands: Hands) -> None:
        """Do it. Raises `EngineError`, or what `Hands` raises."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a container in the way that it was created with, within `seconds` if given, else in its own time."""

    container: EngineContainer
    why: str
    seconds: int | None = None

    def __str__(self) -> str:
        return f"stop {self.container.name}: {self.why}"

    async def run(self, hands: Hands) -> None:
        await hands.before_stop(self.container)
        hands.tell("Normal", "Killing", f"stopping {self.container.name}: {self.why}")
        try:
            await hands.engine.stop(self.container.id, self.seconds)
        except Missing:
            return  # somebody was faster


@dataclass(frozen=True, slots=True)
class Kill:
    """End a container's program without asking it."""

    container: EngineContainer
    why: str

    def __str__(self) -> str:
        return f"kill {self.container.name}: {self.why}"

    async def run(self, hands: Hands) -> None:
        hands.tell("Normal", "Killing", f"killing {self.container.name}: {self.why}")
        try:
            await hands.engine.kill(self.container.id, "SIGKILL")
        except (Missing, Refused):
            return  # it was faster


@dataclass(frozen=True, slots=True)
class Pause:
    """Freeze the processes of a container."""

    container: EngineContainer

    def __str__(self) -> str:
        return f"pause {self.container.name}"

    async def run(self, hands: Hands) -> None:
        await hands.engine.pause(self.container.id)
        hands.tell("Normal", "Paused", f"paused {self.container.name}")


@dataclass(frozen=True, slots=True)
class Unpause:
    """Let the processes of a container go on."""

    container: EngineContainer

    def __str__(self) -> str:
        return f"unpause {self.container.name}"

    async def run(self, hands: Hands) -> None:
        await hands.engine.unpause(self.container.id)
        hands.tell("Normal", "Unpaused", f"{self.container.name} goes on")


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a container, and those volumes of its that go with it."""

    container: EngineContainer
    volumes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"remove {self.container.name}"

    async def run(self, hands: Hands) -> None:
        try:
            await hands.engine.remove(self.container.id, self.volumes)
        except Missing:
            return  # somebody was faster


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """Remove the files of a Container."""

    uid: str

    def __str__(self) -> str:
        return f"remove the files of {self.uid}"

    async def run(self, hands: Hands) -> None:
        await hands.remove_files(self.uid)


@dataclass(frozen=True, slots=True)
class Release:
    """Let the Container go."""

    def __str__(self) -> str:
        return "release the Container"

    async def run(self, hands: Hands) -> None:
        await hands.release()


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Write the files that are mounted into the container."""

    def __str__(self) -> str:
        return "write files"

    async def run(self, hands: Hands) -> None:
        await hands.write_files()


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a container another name: it makes room for the one that follows it, or has its name back."""

    container: EngineContainer
    name: str

    def __str__(self) -> str:
        return f"rename {self.container.name} to {self.name}"

    async def run(self, hands: Hands) -> None:
        try:
            await hands.engine.rename(self.container.id, self.name)
        except (Missing, NameTaken):
            return  # it is gone, or its successor was faster


@dataclass(frozen=True, slots=True)
class Create:
    """Create the container."""

    name: str

    def __str__(self) -> str:
        return f"create {self.name}"

    async def run(self, hands: Hands) -> None:
        made = await hands.engine.create(await hands.request())
        hands.created = made.id
        hands.tell("Normal", "Created", f"created {self.name}")
        for warning in made.warnings:
            hands.tell("Warning", "EngineWarning", warning)


@dataclass(frozen=True, slots=True)
class Join:
    """Join the networks that the container is not in yet. `container` None stands for the one just created, which is
    in none but those that it was created in.
    """

    container: EngineContainer | None = None

    def __str__(self) -> str:
        return "join networks"

    async def run(self, hands: Hands) -> None:
        if self.container is None:
            missing = (await hands.request()).connect
        else:
            joined = self.container.endpoints
            missing = tuple(each for each in await hands.connections() if each.network not in joined)
        for connection in missing:
            await hands.engine.connect(self.container.id if self.container else hands.created, connection)


@dataclass(frozen=True, slots=True)
class Start:
    """Start the container; None stands for the one just created."""

    name: str
    container: EngineContainer | None = None

    def __str__(self) -> str:
        return f"start {self.name}"

    async def run(self, hands: Hands) -> None:
        if self.container is not None and self.container.state == "exited":
            # It may have been stopped because the engine is about to stop: then starting it would only do harm.
            await hands.engine.ping()
        await hands.engine.start(self.container.id if self.container else hands.created)
        hands.tell("Normal", "Started", f"started {self.name}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The Container as it is wanted. `files` says that it has any, `networks` counts those that it joins; `final` says
    that it had come to its end, `ready_to_start` that nothing that it needs is missing, `restart` that somebody asked
    for a new start, `sick` why it is unhealthy and to be restarted now, empty if it is not. `grace_seconds` is the time
    that it has to end, if not its own; `desired` is what is to become of its program, and `paused_by_hand` says that
    somebody paused it a moment ago; `doomed_volumes` are the volumes that go with it when it is deleted.
    """

    uid: str
    name: str
    spec_hash: str
    files: bool = False
    networks: int = 0
    deleting: bool = False
    final: bool = False
    ready_to_start: bool = True
    restart: bool = False
    sick: str = ""
    grace_seconds: int | None = None
    doomed_volumes: tuple[str, ...] = ()
    desired: DesiredState = "Running"
    paused_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """The Container, None if there is none, and the engine's containers that are labelled with its name.

    `predecessor` has the name that the container is to have, and makes room for it; `name_is_free` says that nobody has
    that name or is about to take it. `ended` are the ids of those that came to their end for good, `networks` the ids
    of the engine's networks that the container is to be in, by name, as far as they are there to be joined. `peers` are
    the containers that it is to share namespaces or volumes with, None while they are not all there; `shared_since` is
    when the last one started of those whose namespaces it shares.
    """

    owner: Owner
    wanted: Wanted | None
    containers: Sequence[EngineContainer] = ()
    predecessor: EngineContainer | None = None
    name_is_free: bool = True
    ended: frozenset[str] = frozenset()
    networks: Mapping[str, str] = field(default_factory=dict)
    peers: frozenset[str] | None = frozenset()
    shared_since: datetime | None = None


def plan(view: View) -> tuple[Action, ...]:
    """The next actions. Empty means: as wanted, or waiting for something."""
    mine = [container for container in view.containers if _is_mine(container, view)]
    wanted = view.wanted
    if wanted is None or wanted.deleting:
        return _end(mine, wanted)
    keep = chosen(view)
    rest = [container for container in mine if keep is None or container.id != keep.id]
    actions: list[Action] = _sweep(rest, "it is not what is wanted any more")
    if wanted.desired == "Stopped":
        return (*actions, *_halt(keep, wanted))
    if keep is not None and _cannot_start(keep, view):
        actions += _sweep([keep], "a network that it was in is gone")
        keep = None
    elif keep is not None and shares_others(keep, view):
        actions += _sweep([keep], "a container that it shares with was made anew")
        keep = None
    elif keep is None and wanted.final:
        return tuple(actions)
    if not wanted.ready_to_start:
        return tuple(actions)
    if keep is not None and keep.state == "paused" and wanted.desired == "Running" and not wanted.paused_by_hand:
        actions.append(Unpause(keep))
    elif keep is not None and keep.state == "running" and wanted.desired == "Paused":
        return (*actions, Pause(keep))
    if keep is not None and keep.state == "running" and (why := _why_restart(keep, view)):
        return (
            *actions,
            Stop(keep, why, wanted.grace_seconds if wanted.restart else None),
            *([WriteFiles()] if wanted.files else []),
            Start(wanted.name, keep),
        )
    return (*actions, *_begin(wanted, keep, view))


def _halt(keep: EngineContainer | None, wanted: Wanted) -> Iterator[Action]:
    """From a container that runs to one that does not."""
    if keep is not None and keep.runs:
        why = "it is not to run"
        yield Kill(keep, why) if wanted.grace_seconds == 0 else Stop(keep, why, wanted.grace_seconds)


def _begin(wanted: Wanted, keep: EngineContainer | None, view: View) -> Iterator[Action]:
    """From what there is to a container that runs."""
    if keep is not None and view.name_is_free and keep.name != wanted.name:
        yield Rename(keep, wanted.name)
    if keep is not None and keep.state in {"running", "paused"} and is_left_out(keep, view.networks):
        yield Join(keep)
    if keep is not None and (keep.state not in {"created", "exited"} or keep.id in view.ended):
        return
    if keep is not None and wanted.desired == "Created" and not is_left_out(keep, view.networks):
        return
    if wanted.files:
        yield WriteFiles()
    if keep is None:
        if view.predecessor is not None:
            yield Rename(view.predecessor, _set_aside(view.predecessor.id, view.predecessor.name))
        yield Create(wanted.name)
    if wanted.networks > 1 if keep is None else is_left_out(keep, view.networks):
        yield Join(keep)
    if wanted.desired != "Created":
        yield Start(wanted.name, keep)


def _set_aside(container: str, name: str) -> str:
    """The name of a container whose own name is needed by its successor: that which docker compose gives, too."""
    return f"{container[:12]}_{name}"


def chosen(view: View) -> EngineContainer | None:
    """The engine's container that is the wanted one, whatever its state; None if there is none.

    If ever there are several, it is one that runs, and among equals the same each time.
    """
    wanted = view.wanted
    if wanted is None:
        return None
    fitting = [
        container
        for container in view.containers
        if container.labels.get(labels.UID) == wanted.uid
        and (wanted.deleting or container.labels.get(labels.SPEC_HASH) == wanted.spec_hash)
        and container.state not in {"removing", "dead"}
    ]
    return min(fitting, key=lambda container: (not container.runs, container.id), default=None)


def _is_mine(container: EngineContainer, view: View) -> bool:
    """Whether it may be removed. The uid settles it: nobody else has that; else it must be the owner's."""
    if view.wanted is not None and container.labels.get(labels.UID) == view.wanted.uid:
        return True
    return labels.UID in container.labels and view.owner.owns(container.labels)


def _end(mine: Sequence[EngineContainer], wanted: Wanted | None) -> tuple[Action, ...]:
    seconds, volumes = (wanted.grace_seconds, wanted.doomed_volumes) if wanted else (None, ())
    actions = _sweep(mine, "its Container was deleted", seconds, volumes)
    if any(each.state == "removing" for each in mine):
        return tuple(actions)  # the engine is at it, and will say when it is gone; only then the Container may go
    uids = dict.fromkeys([*([wanted.uid] if wanted else []), *(each.labels[labels.UID] for each in mine)])
    actions += [RemoveFiles(uid) for uid in uids]
    return (*actions, Release()) if wanted else tuple(actions)


def _sweep(
    containers: Sequence[EngineContainer], why: str, seconds: int | None = None, volumes: tuple[str, ...] = ()
) -> list[Action]:
    actions: list[Action] = []
    for container in containers:
        if container.state == "removing":
            continue
        if container.runs:
            actions.append(Stop(container, why, seconds))
        actions.append(Remove(container, volumes))
    return actions


def is_left_out(container: EngineContainer, networks: Iterable[str]) -> bool:
    """Whether it is not in all of its networks: it never came so far, or somebody took it out by hand."""
    return any(name not in container.endpoints for name in networks)


def shares_others(container: EngineContainer, view: View) -> bool:
    """Whether it shares with containers that are not there any more, though those that it is to share with are."""
    return view.peers is not None and not view.peers <= container.shares and container.id not in view.ended


def _why_restart(container: EngineContainer, view: View) -> str:
    """Why a container that runs is to be started again; empty if it is not."""
    if view.shared_since and container.started_at and container.started_at < view.shared_since:
        return "a container that it shares with was started again"
    if view.wanted is not None and view.wanted.sick:
        return view.wanted.sick
    return "it is to be restarted" if view.wanted is not None and view.wanted.restart else ""


def _cannot_start(container: EngineContainer, view: View) -> bool:
    """Whether a network that it was in was removed, or made anew: the engine then never starts it again."""
    if container.runs or container.id in view.ended:
        return False
    return any(
        endpoint.network_id and view.networks.get(name, endpoint.network_id) != endpoint.network_id
        for name, endpoint in container.endpoints.items()
    )
