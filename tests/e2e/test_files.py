"""cp, attach, wait and rm on a real engine."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, Server, eventually
from tests.e2e.talking import at_terminal

APP = """
name: files
services:
  web: {image: busybox, command: sleep 1000, init: true, scale: 2}
  shell: {image: busybox, command: sh, stdin_open: true, tty: true}
  brief: {image: busybox, command: sh -c "sleep 4; exit 3"}
"""


@pytest.fixture(scope="module")
def app(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that runs for all tests of the module."""
    path = tmp_path_factory.mktemp("files") / "compose.yml"
    path.write_text(APP)
    server.fizz("up", "-d", "-f", path)
    yield path
    server.fizz("down", "-t", "1", "-f", path)


def test_wait_ends_with_the_exit_code(fizz: Fizz, app: Path) -> None:
    assert "exited with status code 3" in fizz("-f", app, "wait", "brief", code=3).stdout
    assert "no container of nosuch" in fizz("-f", app, "wait", "nosuch", code=1).stderr


def test_folders_go_into_all_containers_and_come_back_as_they_were(fizz: Fizz, app: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep/data").write_bytes(bytes(range(256)) * 8000)
    (source / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("run.sh")
    fizz("-f", app, "cp", source, "web:/opt")
    fizz("-f", app, "cp", "--index", "2", f"{source}/.", "web:/srv")
    fizz("-f", app, "cp", "web:/opt", tmp_path / "back")

    for index in ("1", "2"):
        assert fizz("-f", app, "exec", "--index", index, "web", "/opt/link").stdout == "ran\n"
    assert fizz("-f", app, "exec", "--index", "2", "web", "/srv/link").stdout == "ran\n"
    assert (tmp_path / "back/deep/data").read_bytes() == (source / "deep/data").read_bytes()
    assert (tmp_path / "back/link").is_symlink()
    assert (tmp_path / "back/run.sh").stat().st_mode & 0o777 == 0o755


def test_pipes_carry_tar_files_and_links_are_followed_if_so_said(fizz: Fizz, app: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("one")
    packed = subprocess.run(["tar", "c", "-C", tmp_path, "a.txt"], capture_output=True, check=True).stdout
    into = fizz.command("-f", app, "cp", "--index", "1", "-", "web:/tmp")
    subprocess.run(into, env=fizz.environment, input=packed, timeout=60, check=True)
    out = fizz.command("-f", app, "cp", "web:/tmp/a.txt", "-")
    done = subprocess.run(out, env=fizz.environment, capture_output=True, timeout=60, check=True)
    listed = subprocess.run(["tar", "t"], input=done.stdout, capture_output=True, check=True).stdout
    fizz("-f", app, "exec", "web", "ln", "-s", "a.txt", "/tmp/link")
    fizz("-f", app, "cp", "-L", "web:/tmp/link", tmp_path / "followed")

    assert listed == b"a.txt\n"
    assert (tmp_path / "followed").read_text() == "one"


def test_what_cannot_be_copied_is_said(fizz: Fizz, app: Path, tmp_path: Path) -> None:
    assert "there is no /nosuch in files-web-1" in fizz("-f", app, "cp", "web:/nosuch", tmp_path, code=1).stderr
    assert "no such file or folder" in fizz("-f", app, "cp", tmp_path / "nosuch", "web:/", code=1).stderr
    assert "no container found for service 'gone'" in fizz("-f", app, "cp", "gone:/x", tmp_path, code=1).stderr
    assert "between services" in fizz("-f", app, "cp", "web:/a", "web:/b", code=2).stderr


def test_attach_talks_to_the_program_itself(fizz: Fizz, engine: docker.DockerClient, app: Path) -> None:
    with at_terminal(fizz.command("-f", app, "attach", "shell"), fizz.environment) as person:
        eventually(lambda: not person.echoes(), what="the terminal is raw")
        person.types("echo $((40 + 2)); stty size\n")
        person.waits_for("42")
        person.waits_for("40 120")
        person.types("\x10\x11")
        person.waits_for("read escape sequence")
        assert person.ends() == 0
    assert engine.containers.get("files-shell-1").status == "running"


def test_rm_removes_what_has_ended_and_nothing_comes_in_its_place(
    fizz: Fizz, engine: docker.DockerClient, app: Path
) -> None:
    fizz("-f", app, "run", "--no-deps", "-T", "web", "true")
    assert "no stopped containers" in fizz("rm", "-f", "shell", "-p", "files").stderr
    fizz("rm", "-f", "-s", "web", "-p", "files")
    left = engine.containers.list(all=True, filters={"label": "com.docker.compose.service=web"}, ignore_removed=True)

    assert [each.name for each in left if str(each.name).startswith("files-")] == []
    fizz("-f", app, "up", "-d")
    assert engine.containers.get("files-web-2").status == "running"
