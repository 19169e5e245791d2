"""The node agent: makes one Docker Engine match the Containers, Networks and Volumes of its node.

    NodeAgent(manager, recorder, settings).register()

Pure: `naming`, `create`, `create_mounts`, `resources`, `sources`, `plan`, `status`, `probing`, `ends`. What acts:
`reconcile` and its two siblings for networks and volumes, with `attempt`, `images`, `files` and `probes`. The engine:
`engine` is the protocol, `docker_engine` and `fake` are engines. Around them: `watch`, `mirror`, `hints`,
`node_status`, `agent_api`, and `agent`, which wires all of it.

Desired state rules. What is missing is made again, what was stopped by hand is started again, whatever its restart
policy; only a program that ended by itself, and whose policy leaves it at that, has come to its end. A container that
was paused by hand stays paused. Contents of Secrets and ConfigMaps that are files follow changes; variables do not.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fizz.controllers.node.agent import NodeAgent

__all__ = ["NodeAgent"]


def __getattr__(name: str) -> Any:
    if name == "NodeAgent":
        return import_module("fizz.controllers.node.agent").NodeAgent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
