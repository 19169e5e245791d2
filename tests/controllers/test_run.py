import asyncio
import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from fizz.client.testing import eventually, server
from fizz.controllers.command import controllers
from fizz.controllers.run import CONTROLLERS, UnknownController, run
from fizz.schemas import logs, sockets
from fizz.schemas.apps import Deployment
from fizz.schemas.conditions import find
from fizz.schemas.core import Namespace
from fizz.schemas.settings import Settings


def settings(folder: Path) -> Settings:
    return Settings.load({"FIZZ_DATA_DIR": str(folder), "FIZZ_NODE_NAME": "n1"})


async def test_the_controllers_that_are_named_run_until_they_are_told_to_stop(tmp_path: Path) -> None:
    spec = {"template": {"spec": {"image": "busybox"}}}
    async with server(tmp_path) as client:
        running = asyncio.create_task(run(settings(tmp_path), ["deployment", "scheduler"]))
        await client.create(Namespace.load({"metadata": {"name": "blog"}}))
        await client.create(Deployment.load({"metadata": {"name": "web", "namespace": "blog"}, "spec": spec}))

        async def is_waiting_for_a_node() -> bool:
            status = (await client.get(Deployment, "web", "blog")).status
            found = find(status.conditions if status else None, "Progressing")
            return found is not None and found.reason == "Unschedulable"

        await eventually(is_waiting_for_a_node)
        os.kill(os.getpid(), signal.SIGTERM)
        await running


async def test_an_unknown_controller_is_refused_and_the_known_are_listed(tmp_path: Path) -> None:
    with pytest.raises(
        UnknownController,
        match="there are deployment, job, cronjob, scheduler, gc, namespace, aggregation, serviceaccount, releases",
    ):
        await run(settings(tmp_path), ["deployment", "nope"])


def test_the_command_says_so_and_ends_as_wrong_usage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIZZ_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(logs, "configure", lambda *_: None)

    result = CliRunner().invoke(controllers, ["nope"])

    assert result.exit_code == 2
    assert result.output.startswith("error: there is no controller 'nope'")


def test_a_second_node_agent_is_refused_and_leaves_the_first_its_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FIZZ_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    path = settings(tmp_path).agent_socket

    with sockets.bound(path):
        result = CliRunner().invoke(controllers, ["node"])
        still = sockets.answers(path)

    assert result.exit_code == 1
    assert result.output.startswith(f"error: a node agent already answers at {path}; stop that")
    assert still


def test_every_controller_has_a_room() -> None:
    rooms = {path.name for path in Path(__file__).parents[2].joinpath("controllers").rglob("*") if path.is_dir()}

    assert set(CONTROLLERS) <= rooms
