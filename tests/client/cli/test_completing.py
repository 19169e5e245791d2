"""What a shell offers while somebody types."""

from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from fizz.client.cli import completing
from fizz.client.cli.main import cli

COMPOSE = "services: {web: {image: x}, worker: {image: x}, db: {image: x}}\n"


def offered(*words: str, incomplete: str = "") -> list[str]:
    return [each.value for each in ShellComplete(cli, {}, "fizz", "_X").get_completions(list(words), incomplete)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds that names were asked for; there are always the same two."""
    asked: list[str] = []

    def answer(ctx: click.Context, kind: str) -> list[str]:
        asked.append(kind)
        return ["db", "web"]

    monkeypatch.setattr(completing, "_names", answer)
    return asked


@pytest.mark.parametrize("command", ["get", "describe", "delete", "watch"])
def test_kinds_come_first_and_then_names(command: str, names: list[str]) -> None:
    assert offered(command, incomplete="dep") == ["deployments"]
    assert offered(command, incomplete="pods,dep") == ["pods,deployments"]
    assert offered(command, "deployments") == ["db", "web"]
    assert offered(command, "deployments", "db", incomplete="w") == ["web"]
    assert offered(command, incomplete="deployments/w") == ["deployments/web"]
    assert names == ["deployments"] * 3


@pytest.mark.parametrize("command", ["up", "ps", "logs", "restart", "build"])
def test_services_of_the_compose_file_are_offered_once(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    monkeypatch.chdir(tmp_path)

    assert offered(command, incomplete="w") == ["web", "worker"]
    assert offered(command, "web", incomplete="w") == ["worker"]


def test_what_cannot_be_found_out_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIZZ_SOCKET", str(tmp_path / "nobody.sock"))
    nothing_there = offered("up")
    (tmp_path / "compose.yaml").write_text("services: {")

    assert nothing_there == []
    assert offered("up") == []
    assert offered("get", "deployments") == []
