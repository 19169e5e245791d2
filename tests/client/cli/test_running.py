"""What stop, start and their like tell the server, and when they are done. Nothing runs containers here."""

import asyncio
from typing import Any

import click
import pytest

from fizz.client.api import Client
from fizz.client.cli.commands.running import signal_name
from fizz.client.cli.running import has_ended, is_paused, is_restarted, runs_on, with_dependencies
from fizz.client.testing import eventually
from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.base import JSON
from tests.client.cli.commands_kit import Fizz, write

COMPOSE = """
name: shop
services:
  web: {image: nginx, depends_on: [db]}
  db: {image: mariadb}
  other: {image: nginx}
"""


def container(**status: Any) -> JSON:
    return {"kind": "Container", "metadata": {"name": "web"}, "status": status}


async def states(client: Client) -> dict[str, str | None]:
    return {item.name: item.spec.desired_state for item in (await client.list(Deployment, "shop")).items}


async def test_stop_lasts_over_an_apply_of_others_and_up_lets_all_run_again(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")
    stopped = await fizz("stop", "-t", "3", "web", "db")
    web = await client.get(Deployment, "web", "shop")
    meanwhile = await states(client)
    await fizz("apply", "-f", "compose.yaml")

    assert stopped.exit_code == 0, stopped.exception
    assert (web.metadata.annotations or {})[labels.STOP_GRACE] == "3"
    assert meanwhile == {"web": "Stopped", "db": "Stopped", "other": None}
    assert await states(client) == {"web": "Running", "db": "Running", "other": None}


async def test_start_means_dependencies_too(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")
    await fizz("stop")
    starting = asyncio.ensure_future(fizz("start", "web", "--wait-timeout", "0.2"))

    async def told() -> bool:
        return await states(client) == {"web": "Running", "db": "Running", "other": "Stopped"}

    await eventually(told)
    assert "not there after 0.2 s" in str((await starting).exception)


async def test_a_service_that_is_not_there_changes_nothing(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")

    for command in ("stop", "start", "restart", "pause", "unpause", "kill"):
        refused = await fizz(command, "web", "nosuch")
        assert "project shop has no service nosuch: it has db, other, web" in str(refused.exception), command
    assert set((await states(client)).values()) == {None}


async def test_nothing_there_is_said_or_is_no_matter(fizz: Fizz) -> None:
    assert "nothing of the project gone is there" in str((await fizz("-p", "gone", "start")).exception)
    assert "nothing of the project gone is there" in str((await fizz("-p", "gone", "restart")).exception)
    assert (await fizz("-p", "gone", "stop")).exit_code == 0
    assert "no container to kill" in (await fizz("-p", "gone", "kill")).output


@pytest.mark.parametrize(("text", "name"), [("9", "SIGKILL"), ("hup", "SIGHUP"), ("SIGUSR1", "SIGUSR1")])
def test_signals_have_names_and_numbers(text: str, name: str) -> None:
    assert signal_name(text) == name


@pytest.mark.parametrize("text", ["", "FOO", "0", "999"])
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="is no signal"):
        signal_name(text)


def test_when_it_is_done() -> None:
    assert [has_ended(container(phase=phase)) for phase in ("Stopped", "Succeeded", "Stopping", "Running")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert is_paused(container(phase="Running", reason="Paused"))
    assert not runs_on(container(phase="Running", reason="Paused"))
    assert is_paused(container(phase="Failed")), "what has ended cannot be paused"
    done = is_restarted("2026-01-31T09:30:00Z")
    assert done(container(phase="Running", observedRestart="2026-01-31T09:30:00Z"))
    assert not done(container(phase="Restarting", observedRestart="2026-01-31T09:30:00Z"))
    assert not done(container(phase="Running", observedRestart="2026-01-31T09:29:00Z"))


def test_dependencies_of_dependencies_come_along_and_circles_end() -> None:
    def deployment(name: str, *needs: str) -> JSON:
        return {"metadata": {"name": name}, "spec": {"dependsOn": [{"name": each} for each in needs]}}

    there = [deployment("a", "b"), deployment("b", "c", "gone"), deployment("c", "a"), deployment("d")]

    assert sorted(item["metadata"]["name"] for item in with_dependencies(there[:1], there)) == ["a", "b", "c"]
