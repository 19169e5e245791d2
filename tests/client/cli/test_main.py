"""The group: starting fast, options in either place, and how commands fail."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fizz.client.cli import failures
from fizz.client.cli.autostart import without_engine
from fizz.client.cli.failures import Failure, ProblemsInFiles, Silent, guard
from fizz.client.cli.main import COMMANDS, cli
from fizz.client.cli.options import SECONDS, Options, pass_options, project_options
from fizz.client.cli.session import NoServer, check_server, load_settings
from fizz.client.errors import Conflict, Invalid
from fizz.schemas.settings import Settings, SettingsError


@pytest.mark.parametrize("arguments", [["--help"], [], ["--version"], ["completion", "bash"]])
def test_small_commands_import_nothing_large(arguments: list[str]) -> None:
    program = (
        "import sys; from fizz.client.cli.main import cli\n"
        "try: cli.main(sys.argv[1:], prog_name='fizz')\n"
        "except SystemExit: pass\n"
        "large = {'pydantic', 'aiohttp', 'yaml', 'rich', 'structlog', 'asyncio'} & set(sys.modules)\n"
        "assert not large, large\n"
    )
    source = str(Path(__file__).parents[3] / "src")

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["down", "ps", "logs", "get", "running"])
def test_commands_that_translate_nothing_import_no_models(name: str) -> None:
    program = f"import sys, fizz.client.cli.commands.{name}; assert 'pydantic' not in sys.modules"
    source = str(Path(__file__).parents[3] / "src")

    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": source}, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_imported_and_has_help(name: str) -> None:
    command = COMMANDS[name].load()

    assert command.name == name
    assert command.help
    assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


def test_the_help_lists_all_commands_in_chapters() -> None:
    text = CliRunner().invoke(cli, ["--help"]).output

    assert all(f"  {name} " in text for name in COMMANDS)
    assert "Compose projects:" in text


def test_an_unknown_command_is_wrong_usage_and_a_similar_one_is_offered() -> None:
    result = CliRunner().invoke(cli, ["dwon"])

    assert result.exit_code == 2
    assert "Did you mean `fizz down`?" in result.output


def test_commands_are_completed() -> None:
    with cli.make_context("fizz", [], resilient_parsing=True) as ctx:
        assert [item.value for item in cli.shell_complete(ctx, "ev")] == ["events"]


def test_options_may_stand_before_and_behind_the_command() -> None:
    @click.command()
    @project_options
    @pass_options
    def show(options: Options) -> None:
        click.echo(f"{options.file} {options.project_name} {options.profile}")

    @click.group()
    @project_options
    def group() -> None:
        """A group like Fizz's."""

    group.add_command(show)
    result = CliRunner().invoke(group, ["-f", "a", "-p", "one", "show", "-f", "b", "-p", "two", "--profile", "x"])

    assert result.output == "['a', 'b'] two ['x']\n"


@pytest.mark.parametrize(("text", "seconds"), [("30", 30.0), ("1.5", 1.5), ("1m30s", 90.0), ("500ms", 0.5)])
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert SECONDS.convert(text, None, None) == seconds


def test_a_length_of_time_that_is_none_is_wrong_usage() -> None:
    with pytest.raises(click.UsageError, match="not a duration"):
        SECONDS.convert("soon", None, None)


# failing


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


CAUSES = {"causes": [{"field": "operations[1].spec", "message": "is required"}]}


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(Failure("no luck; try again"), 1, "error: no luck; try again\n", id="failure"),
        pytest.param(ProblemsInFiles(["f:1:2: a", "f:3:4: b"]), 1, "f:1:2: a\nf:3:4: b\n", id="files"),
        pytest.param(Silent("said"), 1, "", id="silent"),
        pytest.param(SettingsError("listen is odd"), 1, "error: listen is odd\n", id="settings"),
        pytest.param(Conflict("changed meanwhile"), 1, "error: changed meanwhile\n", id="server"),
        pytest.param(
            Invalid("not valid", details=CAUSES),
            1,
            "error: not valid\n  operations[1].spec: is required\n",
            id="causes",
        ),
        pytest.param(ExceptionGroup("x", [Failure("inner")]), 1, "error: inner\n", id="group"),
        pytest.param(FileNotFoundError(2, "No such file", "x.yml"), 1, "error: x.yml: No such file\n", id="file"),
        pytest.param(click.UsageError("odd flag"), 2, "error: odd flag\n", id="usage"),
        pytest.param(click.ClickException("bad"), 1, "error: bad\n", id="click"),
        pytest.param(KeyboardInterrupt(), 130, "", id="interrupt"),
        pytest.param(click.exceptions.Exit(3), 3, "", id="exit"),
        pytest.param(
            ZeroDivisionError("oops"),
            1,
            "error: ZeroDivisionError: oops\nThis should not happen. FIZZ_DEBUG=1 shows where it comes from.\n",
            id="bug",
        ),
    ],
)
def test_failures_are_said_in_a_line_and_never_as_a_traceback(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIZZ_DEBUG", raising=False)

    assert guard(raising(error)) == code
    assert capsys.readouterr().err == said


def test_with_debugging_a_failure_shows_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIZZ_DEBUG", "1")

    with pytest.raises(ZeroDivisionError):
        guard(raising(ZeroDivisionError()))


def test_what_commands_return_is_the_exit_code() -> None:
    assert (guard(lambda: None), guard(lambda: failures.USAGE)) == (0, 2)


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        pytest.param("fizz --version >&-", 0, "", id="version, closed"),
        pytest.param("fizz --help >&- 2>&-", 0, "", id="all closed"),
        pytest.param(
            "fizz --version >/dev/full", 1, "error: cannot write: No space left on device", id="version, full"
        ),
        pytest.param("fizz --help >/dev/full", 1, "error: cannot write: No space left on device", id="full"),
        pytest.param("fizz --help 2>/dev/full >/dev/full", 1, "", id="both full"),
        pytest.param("fizz completion bash | true", 0, "", id="nobody reads"),
    ],
)
def test_output_that_is_closed_or_full_is_no_reason_for_a_traceback(command: str, code: int, said: str) -> None:
    program = command.replace("fizz", f"{sys.executable} -m fizz", 1)
    source = str(Path(__file__).parents[3] / "src")

    done = subprocess.run(
        ["sh", "-c", program], env={**os.environ, "PYTHONPATH": source}, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr.strip()) == (code, said)


@pytest.mark.parametrize("words", ["-5s", "-1m30s"])
def test_a_time_is_not_less_than_nothing(words: str) -> None:
    with pytest.raises(click.BadParameter, match="is less than nothing"):
        SECONDS.convert(words, None, None)


def test_a_user_without_access_to_the_engine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = tmp_path / "docker.sock"
    engine.touch()
    found = replace(settings(tmp_path), docker_host=f"unix://{engine}")
    allowed = without_engine(found)
    monkeypatch.setattr(os, "access", lambda *_: False)

    assert allowed == ""
    assert f"you may not use the Docker Engine at {engine}" in without_engine(found)
    assert without_engine(replace(found, docker_host="tcp://10.0.0.1:2376")) == ""
    assert without_engine(replace(found, docker_host="unix:///nowhere")) == ""


def test_without_a_server_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NoServer, match=r"start one with `fizz server`"):
        check_server(settings(tmp_path))


def test_an_endpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="unix:///PATH"):
        check_server(settings(tmp_path, server="ftp://x"))


def settings(folder: Path, server: str | None = None) -> Settings:
    return load_settings(Options(socket=str(folder / "s.sock"), data_dir=str(folder), server=server))
