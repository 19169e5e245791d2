"""`fizz start`, `stop`, `restart`, `pause`, `unpause` and `kill`: whether the containers of services run."""

import signal as signals
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from fizz.client.api import Client
from fizz.client.cli.choosing import containers_of, is_running
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import is_of, service_of
from fizz.client.cli.failures import Failure
from fizz.client.cli.halting import let_jobs_run
from fizz.client.cli.options import SECONDS, Options, connection_options, pass_options, project_options
from fizz.client.cli.progress import progress
from fizz.client.cli.project import project_namespace, project_selector, the_project_name
from fizz.client.cli.rollout import Rollout
from fizz.client.cli.running import (
    deployments_of,
    ending,
    has_ended,
    is_paused,
    is_restarted,
    runs_on,
    send_signal,
    stop_services,
    tell_state,
    wait_for_containers,
    with_dependencies,
)
from fizz.client.cli.session import run
from fizz.client.cli.waiting import wait_for_rollout
from fizz.schemas import times
from fizz.schemas.types import JSON

__all__ = ["kill", "pause", "restart", "signal_name", "start", "stop", "unpause"]

Command = Callable[..., Any]

_ENDING: Final = frozenset({"SIGKILL", "SIGTERM", "SIGINT", "SIGQUIT"})
"""Signals that are sent to end a program: it is not started again then."""


def _services(command: Command) -> Command:
    """Which services, how much is shown, and what all commands of projects have."""
    found = project_options(connection_options(pass_options(command)))
    found = click.option("-q", "--quiet", is_flag=True, help="Show no progress.")(found)
    return click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)(found)


_timeout = click.option(
    "-t",
    "--timeout",
    "grace",
    type=click.IntRange(0),
    metavar="SECONDS",
    help="Kill what has not ended by then.",
)


@click.command("stop")
@_timeout
@_services
def stop(options: Options, services: tuple[str, ...], grace: int | None, quiet: bool) -> None:
    """Stop containers and keep them, until `fizz start` or `fizz up`.

    What depends on others stops before them. Nobody starts them again meanwhile, not even after a reboot.
    """
    project = the_project_name(options)

    async def whole(client: Client) -> None:
        with progress(silent=quiet) as screen:
            await stop_services(client, project, services, screen.show, grace)

    run(options, whole)


@click.command("start")
@click.option("--wait", is_flag=True, help="Wait until they are ready, and not only started.")
@click.option("--wait-timeout", type=SECONDS, metavar="DURATION", help="Give up waiting after that time, as 90s.")
@_services
def start(options: Options, services: tuple[str, ...], wait: bool, wait_timeout: float | None, quiet: bool) -> None:
    """Start stopped containers again, after those that they depend on."""
    project = the_project_name(options)

    async def whole(client: Client) -> None:
        there = await deployments_of(client, project, ())
        wanted = await deployments_of(client, project, services, may_be_jobs=True)
        chosen = with_dependencies(wanted, there)
        jobs = await let_jobs_run(client, project, services)
        if not chosen and not jobs:
            raise Failure(f"nothing of the project {project} is there; `fizz up` makes it run")
        told = await tell_state(client, chosen, "Running") if chosen else []
        rollout = Rollout([item["metadata"]["name"] for item in told], wait=wait)
        rollout.applied(told)
        namespace, selector = project_namespace(project), project_selector(project)
        with progress(silent=quiet) as screen:
            await wait_for_rollout(client, namespace, selector, rollout, screen.show, wait_timeout)

    run(options, whole)


@click.command("restart")
@_timeout
@_services
def restart(options: Options, services: tuple[str, ...], grace: int | None, quiet: bool) -> None:
    """Restart containers where they are, a few of a service at a time, in the order of dependencies.

    What is stopped is started. What depends on them with `restart: true` is restarted after them.
    """
    project = the_project_name(options)

    async def whole(client: Client) -> None:
        chosen = await deployments_of(client, project, services)
        if not chosen:
            raise Failure(f"nothing of the project {project} is there; `fizz up` makes it run")
        asked = times.format_micro(datetime.now(UTC))
        told = await tell_state(client, chosen, "Running", grace_seconds=grace, restart_at=asked)
        done = is_restarted(asked)

        def word(item: JSON) -> str:
            return "started" if done(item) else "restarting"

        with progress(silent=quiet) as screen:
            await wait_for_containers(client, project, told, word, done, screen.show)

    run(options, whole)


@click.command("pause")
@_services
def pause(options: Options, services: tuple[str, ...], quiet: bool) -> None:
    """Freeze the processes of containers, until `fizz unpause`, `start` or `up`."""
    _freeze(options, services, "Paused", is_paused, quiet=quiet)


@click.command("unpause")
@_services
def unpause(options: Options, services: tuple[str, ...], quiet: bool) -> None:
    """Let frozen processes go on."""
    _freeze(options, services, "Running", runs_on, quiet=quiet)


def _freeze(
    options: Options, services: Sequence[str], state: str, done: Callable[[JSON], bool], *, quiet: bool
) -> None:
    """What `pause` and `unpause` have in common."""
    project = the_project_name(options)
    before, after = ("pausing", "paused") if state == "Paused" else ("paused", "running")

    def word(item: JSON) -> str:
        return "exited" if has_ended(item) else after if done(item) else before

    async def whole(client: Client) -> None:
        chosen = await deployments_of(client, project, services)
        if state == "Running":  # what is stopped stays so
            chosen = [item for item in chosen if item["spec"].get("desiredState") == "Paused"]
        if chosen:
            told = await tell_state(client, chosen, state)
            with progress(silent=quiet) as screen:
                await wait_for_containers(client, project, told, word, done, screen.show)

    run(options, whole)


@click.command("kill")
@click.option("-s", "--signal", default="SIGKILL", metavar="SIGNAL", help="Which one, by name or number; else SIGKILL.")
@click.option("--remove-orphans", is_flag=True, hidden=True, help="What is not in the file goes with `fizz up`.")
@_services
def kill(options: Options, services: tuple[str, ...], signal: str, remove_orphans: bool, quiet: bool) -> None:
    """End containers without asking them, or send their programs another signal.

    With KILL, TERM, INT and QUIT they stay stopped, until `fizz start` or `fizz up`; other signals are only sent.
    """
    name = signal_name(signal)
    project = the_project_name(options)

    async def whole(client: Client) -> None:
        chosen = await deployments_of(client, project, services)
        running = [
            item
            for item in await containers_of(client, project)
            if is_running(item) and (not services or is_of(item, services))
        ]
        if not running:
            click.echo("no container to kill", err=True)
            return
        if name not in _ENDING:
            if problems := await send_signal(client, running, name):
                raise Failure("; ".join(problems))
            return
        alive = {service_of(item) for item in running}
        doomed = [item for item in chosen if service_of(item) in alive]
        told = await tell_state(client, doomed, "Stopped", grace_seconds=0 if name == "SIGKILL" else None)
        await send_signal(client, running, name)  # who has ended meanwhile needs none
        with progress(silent=quiet) as screen:
            await wait_for_containers(client, project, told, ending, has_ended, screen.show)

    run(options, whole)


def signal_name(text: str) -> str:
    """`9`, `KILL` or `sigkill` as SIGKILL. Raises `click.UsageError`."""
    try:
        if text.isdecimal():
            return signals.Signals(int(text)).name
        name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
        return signals.Signals[name].name
    except (ValueError, KeyError):
        raise click.UsageError(f"--signal {text!r} is no signal; write one like SIGHUP, HUP or 1") from None
