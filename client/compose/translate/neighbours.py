"""What a service has to do with the containers of others: namespaces, links, volumes.

A service of the project is named by its Deployment, and the agent finds the container: it may be made anew at any time.
"""

from typing import Any, Final

from fizz.client.compose.translate.resources import given
from fizz.schemas.names import to_name
from fizz.schemas.neighbours import Link, VolumesFrom

__all__ = ["translate_neighbours"]

JSON = dict[str, Any]

_SERVICE: Final = "service:"


def translate_neighbours(service: JSON) -> JSON:
    """The fields of a ContainerSpec that name other containers."""
    links = [
        *(_link("deployment", written) for written in service.get("links", ())),
        *(_link("container", written) for written in service.get("external_links", ())),
    ]
    return given(
        network_mode=_mode(service.get("network_mode")) or (None if service.get("networks") else "none"),
        ipc=_mode(service.get("ipc")),
        pid=_mode(service.get("pid")),
        links=links or None,
        volumes_from=[_volumes_from(written) for written in service.get("volumes_from", ())] or None,
    )


def _mode(written: str | None) -> str | None:
    """`service:web_app` becomes `service:` and the Deployment's name; an empty text says nothing."""
    if not written:
        return None
    return f"{_SERVICE}{to_name(written.removeprefix(_SERVICE))}" if written.startswith(_SERVICE) else written


def _link(kind: str, written: str) -> Link:
    """`name`, or `name:alias`."""
    name, _, alias = written.partition(":")
    return Link(alias=alias or name, **{kind: to_name(name) if kind == "deployment" else name})


def _volumes_from(written: str) -> VolumesFrom:
    """`service[:mode]`, or `container:name[:mode]`. Read-only is said with `ro`."""
    kind = "container" if written.startswith("container:") else "deployment"
    name, _, mode = written.removeprefix("container:").partition(":")
    read_only = True if mode == "ro" else None
    return VolumesFrom(**given(read_only=read_only), **{kind: to_name(name) if kind == "deployment" else name})
