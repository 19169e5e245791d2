"""What is done to the apps, the engine, the server and the kernel: each a function of the lab that says what it did.

Every function takes a `Lab` and gives a phrase, or nothing if there was nothing to disturb. What it does may come at a
moment at which the engine or the container is away: that is no error, and then it is nothing.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

import docker.errors
import requests
from docker.models.containers import Container

from fizz.controllers.network.ingress.reconcile import table_name
from tests.e2e.chaos.apps import App
from tests.e2e.chaos.judge import containers
from tests.e2e.harness import Server
from tests.e2e.private_engine import PrivateEngine

__all__ = ["DISTURBANCES", "Lab", "disturb"]

AWAY: Final = (docker.errors.DockerException, requests.RequestException)


@dataclass
class Lab:
    """What can be disturbed. `commands` are under way; `touched` are names whose containers may have other ids now,
    and prefixes of such names that end with a hyphen.
    """

    server: Server
    engine: PrivateEngine
    apps: list[App]
    dice: Random
    commands: list[tuple[subprocess.Popen[str], tuple[str, ...]]] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)

    def app(self) -> App:
        return self.dice.choice(self.apps)

    def container(self, *states: str) -> Container | None:
        """Any container of any app that is in one of the states."""
        found = sorted(
            (each for each in containers(self.engine.client, self.app()) if each.status in (states or ("running",))),
            key=lambda each: str(each.name),
        )
        return self.dice.choice(found) if found else None

    def command(self, *arguments: str) -> None:
        """Begin a command of Fizz. It may meet a server that is being killed, and is then given again."""
        self.commands.append((self.server.fizz.start(*arguments), arguments))


def _kill(lab: Lab) -> str | None:
    if (container := lab.container()) is None:
        return None
    container.kill(signal.SIGKILL)
    return f"kill {container.name}"


def _stop(lab: Lab) -> str | None:
    if (container := lab.container()) is None:
        return None
    container.stop(timeout=1)
    return f"stop {container.name}"


def _remove(lab: Lab) -> str | None:
    if (container := lab.container("running", "exited", "paused", "restarting", "created")) is None:
        return None
    lab.touched.add(str(container.name))
    container.remove(force=True)
    return f"rm -f {container.name}"


def _pause(lab: Lab) -> str | None:
    if (container := lab.container()) is None:
        return None
    container.pause()
    lab.paused.add(str(container.id))
    return f"pause {container.name}"


def _rename(lab: Lab) -> str | None:
    if (container := lab.container()) is None:
        return None
    name = str(container.name)
    container.rename(f"{name}-{lab.dice.randrange(1000)}")
    return f"rename {name}"


def _disconnect(lab: Lab) -> str | None:
    container = lab.container()
    joined = sorted(container.attrs["NetworkSettings"]["Networks"]) if container else []
    if container is None or not joined:
        return None
    network = lab.dice.choice(joined)
    lab.engine.client.networks.get(network).disconnect(container, force=True)
    return f"disconnect {container.name} from {network}"


def _scale(lab: Lab) -> str:
    app = lab.app()
    service, replicas = lab.dice.choice(app.scales), lab.dice.randint(1, 4)
    lab.touched.add(f"{app.name}-{service}-")
    app.scale(service, replicas)
    lab.command("scale", "-p", app.name, f"{service}={replicas}")
    return f"scale {service}={replicas}"


def _update(lab: Lab) -> str:
    app = lab.app()
    service = lab.dice.choice(app.updates)
    lab.touched.add(f"{app.name}-{service}-")
    app.update(service)
    lab.command("up", "-d", "-f", str(app.file))
    return f"update {service}"


def _kill_server(lab: Lab) -> str:
    lab.server.kill9()
    lab.server.start()
    return "kill -9 the server"


def _kill_part(lab: Lab) -> str:
    part = lab.dice.choice(["apiserver", "controllers"])
    os.kill(lab.server.child(part), signal.SIGKILL)
    return f"kill -9 the {part}"


def _restart_engine(lab: Lab) -> str:
    lab.engine.stop()
    lab.engine.start()
    return "restart the engine"


def _kill_engine(lab: Lab) -> str:
    lab.engine.kill9()
    lab.engine.start()
    return "kill -9 the engine"


def _flush(lab: Lab) -> str | None:
    what = lab.dice.choice(["flush", "delete"])
    table = table_name(str(lab.server.folder), lab.server.node)
    done = subprocess.run(["nft", what, "table", "inet", table], stderr=subprocess.DEVNULL, check=False)
    return f"nft {what} table" if done.returncode == 0 else None


DISTURBANCES: Final[Mapping[str, tuple[int, Callable[[Lab], str | None]]]] = {
    "kill": (4, _kill),
    "stop": (2, _stop),
    "rm": (4, _remove),
    "pause": (3, _pause),
    "rename": (1, _rename),
    "disconnect": (3, _disconnect),
    "scale": (3, _scale),
    "update": (3, _update),
    "kill-server": (2, _kill_server),
    "kill-part": (2, _kill_part),
    "restart-engine": (1, _restart_engine),
    "kill-engine": (1, _kill_engine),
    "nft": (3, _flush),
}
"""By name: how often it comes, relatively, and what it does."""


def disturb(lab: Lab, name: str) -> str | None:
    """Do it; what was done, or None if there was nothing to do it to."""
    try:
        return DISTURBANCES[name][1](lab)
    except AWAY:
        return None
