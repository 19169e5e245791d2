"""Whether an app is as it has to be: asked of the engine, the kernel and the pages themselves, not of Fizz alone."""

import contextlib
import http.client
import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import docker
import docker.errors
import requests
from docker.models.containers import Container

from fizz.controllers.network.ingress.reconcile import table_name
from tests.e2e.chaos.apps import VERSION, App, Wanted
from tests.e2e.harness import Server

__all__ = ["containers", "differences", "ids"]


def containers(engine: docker.DockerClient, app: App) -> list[Container]:
    """All that the engine has of the app, running or not."""
    mine: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={app.name}"}
    return engine.containers.list(all=True, filters=mine, ignore_removed=True)


def ids(engine: docker.DockerClient, app: App) -> dict[str, str]:
    """The engine's ids by name."""
    return {str(each.name): str(each.id) for each in containers(engine, app)}


def differences(server: Server, app: App) -> list[str]:
    """What is not as it has to be, as sentences; what is cheap to see comes first, and the rest only after it."""
    try:
        found = list(_engine(server.engine, app))
    except (docker.errors.DockerException, requests.RequestException) as problem:
        return [f"the engine does not answer: {type(problem).__name__}"]
    return found or [*_kernel(server, app), *_pages(app)] or list(_deployments(server, app))


def _engine(engine: docker.DockerClient, app: App) -> Iterator[str]:
    found = {str(each.name): each for each in containers(engine, app)}
    wanted = {each.name: each for each in app.wanted()}
    yield from (f"{name} is missing" for name in sorted(wanted.keys() - found.keys()))
    yield from (f"{name} is there" for name in sorted(found.keys() - wanted.keys()))
    for name in sorted(wanted.keys() & found.keys()):
        yield from (f"{name} {what}" for what in _container(found[name], wanted[name]))


def _container(container: Container, wanted: Wanted) -> Iterator[str]:
    state = container.attrs["State"]
    if state["Status"] != "running":
        yield f"is {state['Status']}"
        return
    health = state.get("Health", {}).get("Status")
    if wanted.checked and health != "healthy":
        yield f"is {health}"
    versions = [
        each.partition("=")[2] for each in container.attrs["Config"]["Env"] or [] if each.startswith(f"{VERSION}=")
    ]
    if versions != ([wanted.version] if wanted.version is not None else []):
        yield f"is version {versions}, not {wanted.version}"
    joined = container.attrs["NetworkSettings"]["Networks"]
    if set(joined) != wanted.networks or not all(each["IPAddress"] for each in joined.values()):
        yield f"is in the networks {sorted(joined)}"


def _kernel(server: Server, app: App) -> Iterator[str]:
    table = table_name(str(server.folder), server.node)
    done = subprocess.run(["nft", "list", "table", "inet", table], capture_output=True, text=True, check=False)
    yield from (f"port {port} is in no rule" for port in app.ports if str(port) not in done.stdout)


def _pages(app: App) -> Iterator[str]:
    for service, url in app.urls.items():
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                text = answer.read().decode().strip()
        except OSError as problem:
            yield f"{url}: {problem}"
            continue
        if app.name == "shop" and text != app.version(service):
            yield f"{url} is version {text}, not {app.version(service)}"


def _deployments(server: Server, app: App) -> Iterator[str]:
    try:
        listed = _ask(server, f"/apis/fizz.dev/v1/namespaces/{app.name}/deployments")
    except (OSError, ValueError, http.client.HTTPException) as problem:
        yield f"the API server does not answer: {problem}"
        return
    found = {each["metadata"]["name"]: each for each in listed["items"]}
    for service, written in app.model["services"].items():
        ready = found.get(service, {}).get("status", {}).get("readyReplicas", 0)
        if ready != written.get("scale", 1):
            yield f"Fizz says that {ready} of {service} are ready"


def _ask(server: Server, path: str) -> dict[str, Any]:
    """An answer of the API server, without the time that a command takes to start."""
    with contextlib.closing(http.client.HTTPConnection("fizz", timeout=10)) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        connection.sock.connect(str(server.socket))
        connection.request("GET", path)
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found
