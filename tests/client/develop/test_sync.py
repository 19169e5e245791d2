"""Following files: what is done in the containers, and what is told of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

import pytest

from fizz.client.api import Client
from fizz.client.cli.developing import Developer, _roots, read_rules, watched
from fizz.client.cli.failures import Failure, ProblemsInFiles
from fizz.client.cli.progress import Silent
from fizz.client.compose import LoadOptions, Project, load
from fizz.client.testing import eventually
from fizz.controllers.node.engine import Refused
from fizz.controllers.node.fake import FakeEngine
from tests.client.agent_kit import whole

APP = """
name: blog
services:
  web:
    image: busybox
    build: .
    develop:
      watch:
        - {action: sync, path: ./src, target: /app, initial_sync: true}
        - {action: sync+restart, path: ./conf, target: /conf}
        - {action: sync+exec, path: ./hook, target: /hook, exec: {command: [sh, -c, echo reloaded]}}
        - {action: rebuild, path: ./Dockerfile}
"""


class Screen(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


class Bench:
    """A running container of the service, its project, and who keeps it up to date."""

    def __init__(self, client: Client, engine: FakeEngine, container: str, folder: Path) -> None:
        self.engine, self.folder, self.screen = engine, folder, Screen()
        self.box = engine.boxes[container]
        self.rebuilt: list[str] = []
        self.failure: Failure | None = None
        self.project = project_in(folder, APP)
        self.developer = Developer(client, self.project, read_rules(self.project), self._rebuild, self.screen)

    async def _rebuild(self, service: str) -> None:
        self.rebuilt.append(service)
        if self.failure:
            raise self.failure

    async def follow(self, *batches: Sequence[tuple[str, bool]]) -> list[str]:
        """Follow these changes, and give what was said of them."""

        async def changes() -> AsyncGenerator[list[tuple[Path, bool]], None]:
            for batch in batches:
                yield [(self.folder / name, there) for name, there in batch]

        await self.developer.run(changes())
        return self.screen.said


def project_in(folder: Path, text: str) -> Project:
    (folder / "compose.yaml").write_text(text)
    loaded = load(LoadOptions(files=(str(folder / "compose.yaml"),)), {})
    assert loaded.project is not None, loaded.errors
    return loaded.project


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    for name in ("src", "conf", "hook"):
        (tmp_path / name).mkdir()
    (tmp_path / "src/a.txt").write_text("one")
    async with whole(tmp_path) as made:
        yield Bench(made.client, made.engine, made.box.id, tmp_path)


async def test_files_are_copied_at_the_start_and_when_they_change(bench: Bench) -> None:
    (bench.folder / "src/deep").mkdir()
    (bench.folder / "src/deep/b.txt").write_text("two")

    said = await bench.follow([("src/deep", True), ("src/deep/b.txt", True)])

    assert bench.box.files == {"/app": b"", "/app/a.txt": b"one", "/app/deep": b"", "/app/deep/b.txt": b"two"}
    assert said[0] == "watching files of web"
    assert said[-1] == "web: synced b.txt, deep"


async def test_what_is_gone_is_removed_in_the_container(bench: Bench) -> None:
    await bench.follow([("src/old.txt", False)])

    assert bench.box.executed[-1].command == ("rm", "-rf", "/app/old.txt")
    assert bench.box.executed[-1].user == "0"


async def test_restarts_and_commands_follow_the_files(bench: Bench) -> None:
    (bench.folder / "conf/x.ini").write_text("x")
    (bench.folder / "hook/h").write_text("h")
    before = bench.box.started_at

    said = await bench.follow([("conf/x.ini", True)], [("hook/h", True)])

    assert bench.box.started_at != before
    assert bench.box.files["/conf/x.ini"] == b"x"
    assert said[-3:] == ["web: synced x.ini; restarted", "web | reloaded", "web: synced h; ran `sh -c echo reloaded`"]


async def test_a_rebuild_is_left_to_who_can_and_its_failure_is_told(bench: Bench) -> None:
    (bench.folder / "Dockerfile").write_text("FROM x")
    bench.failure = Failure("Dockerfile:1: no")

    said = await bench.follow([("Dockerfile", True)])

    assert bench.rebuilt == ["web"]
    assert said[-2:] == ["web: rebuilding", "web: failed: Dockerfile:1: no"]


async def test_what_fails_is_told_and_the_next_change_is_another_chance(bench: Bench) -> None:
    (bench.folder / "src/b.txt").write_text("b")
    change = [("src/b.txt", True)]
    await bench.follow()
    bench.engine.fail("put_archive", Refused("read-only file system"))

    said = await bench.follow(change)
    failed = [line for line in said if "failed" in line]
    again = await bench.follow(change)

    assert failed == ["web: failed: web: read-only file system"]
    assert again[-1] == "web: synced b.txt"


@pytest.mark.parametrize(
    ("watch", "says"),
    [
        ("{action: rebuild, path: ./src}", "rebuilds, but the service has no build"),
        ("{action: sync+exec, path: ./src, target: /x}", "must have exec with a command"),
        ("{action: sync, path: ./src, target: /x, ignore: ['[']}", "is not a range"),
    ],
)
def test_rules_that_make_no_sense_are_told_with_their_place(tmp_path: Path, watch: str, says: str) -> None:
    project = project_in(tmp_path, f"name: blog\nservices:\n  web: {{image: x, develop: {{watch: [{watch}]}}}}\n")

    with pytest.raises(ProblemsInFiles, match=rf"compose.yaml:3:\d+: .*{says}"):
        read_rules(project)


def test_folders_are_watched_once_and_what_is_missing_from_above(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "file").write_text("")

    assert _roots([tmp_path / "a", tmp_path / "a/b", tmp_path / "a/none/x"]) == [tmp_path / "a"]
    assert _roots([tmp_path / "file", tmp_path / "a"]) == [tmp_path]


async def test_real_changes_are_seen(tmp_path: Path) -> None:
    source = watched([tmp_path])
    waiting = asyncio.ensure_future(anext(source))

    async def touch() -> bool:
        (tmp_path / "a.txt").write_text(str(asyncio.get_running_loop().time()))
        return waiting.done()

    await eventually(touch)

    assert (tmp_path / "a.txt", True) in await waiting
    await source.aclose()
