"""Commands in running containers: pipes and terminals, exit codes, replicas, and who may, beside docker compose."""

import base64
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
import yaml

from tests.e2e.harness import Fizz, Server, eventually, free_port
from tests.e2e.talking import at_terminal

APP = """
name: {project}
services:
  web: {{image: busybox, command: sleep 1000, init: true, scale: 2, environment: {{COLOUR: red}}}}
  gone: {{image: busybox, command: "true"}}
"""


@pytest.fixture(scope="module")
def open_server(make_server: Callable[[], Server]) -> Server:
    """A server that listens over TLS, too."""
    made = make_server()
    made.start("--listen", f"127.0.0.1:{free_port()}")
    return made


@pytest.fixture(scope="module")
def app(open_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that runs for all tests of the module."""
    path = tmp_path_factory.mktemp("exec") / "compose.yml"
    path.write_text(APP.format(project="execs"))
    open_server.fizz("up", "-d", "--wait", "-f", path)
    yield path
    open_server.fizz("down", "-t", "1", "-f", path)


@pytest.fixture
def fizz(open_server: Server) -> Fizz:
    return open_server.fizz


def test_output_errors_and_the_exit_code_come_back(fizz: Fizz, app: Path) -> None:
    done = fizz("-f", app, "exec", "web", "sh", "-c", "echo out; echo err >&2; exit 7", code=7)

    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_whatever_goes_in_comes_out(fizz: Fizz, app: Path) -> None:
    data = bytes(range(256)) * 40_000  # 10 MB

    command = fizz.command("-f", app, "exec", "-T", "web", "cat")
    done = subprocess.run(command, env=fizz.environment, input=data, capture_output=True, timeout=120, check=True)

    assert done.stdout == data


def test_flags_are_the_commands_surroundings(fizz: Fizz, app: Path, engine: docker.DockerClient) -> None:
    show = "echo $(id -u):$(id -g) $(pwd) $COLOUR $SHAPE; hostname"
    around = ("-u", "1000:50", "-w", "/tmp", "-e", "SHAPE=round", "--index=2")
    done = fizz("-f", app, "exec", *around, "web", "sh", "-c", show)

    first, host = done.stdout.splitlines()
    assert first == "1000:50 /tmp red round"
    assert host == engine.containers.get("execs-web-2").short_id
    assert fizz("-f", app, "exec", "web", "sh", "-c", "hostname").stdout.strip() == (
        engine.containers.get("execs-web-1").short_id
    )


def test_a_detached_command_goes_on_by_itself(fizz: Fizz, app: Path) -> None:
    fizz("-f", app, "exec", "-d", "web", "sh", "-c", "touch /tmp/detached; sleep 1000")

    eventually(lambda: "detached" in fizz("-f", app, "exec", "web", "ls", "/tmp").stdout, what="the command ran")


REFUSED = [
    pytest.param(("exec", "gone", "ls"), "service gone is not running", id="ended"),
    pytest.param(("exec", "nosuch", "ls"), "no container of nosuch", id="unknown"),
    pytest.param(("exec", "--index=3", "web", "ls"), "service web container #3 is not running", id="number"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_what_cannot_be_is_said_in_a_sentence(fizz: Fizz, app: Path, words: tuple[str, ...], says: str) -> None:
    assert says in fizz("-f", app, *words, code=1).stderr


def test_exit_codes_are_composes(fizz: Fizz, app: Path, docker_compose: str) -> None:
    for words in (("sh", "-c", "exit 42"), ("nosuchprogram",), ("sh", "-c", "kill -9 $$"), ("/etc",)):
        theirs = subprocess.run(
            [docker_compose, "-f", app, "exec", "-T", "web", *words], capture_output=True, timeout=60, check=False
        )
        fizz("-f", app, "exec", "-T", "web", *words, code=theirs.returncode)


def test_a_terminal_has_its_size_and_its_keys(fizz: Fizz, app: Path) -> None:
    with at_terminal(fizz.command("-f", app, "exec", "web", "sh"), fizz.environment) as person:
        person.waits_for("#")
        person.types("stty size\n")
        person.waits_for("40 120")
        assert not person.echoes(), "the terminal is raw meanwhile"
        person.resizes(50, 90)
        person.types("sleep 0.2; stty size; sleep 1000\n")
        person.waits_for("50 90")
        person.types("\x03")
        person.waits_for("#")
        person.types("exit 5\n")
        assert person.ends() == 5


def test_the_end_of_input_and_the_detach_keys_leave(fizz: Fizz, app: Path) -> None:
    with at_terminal(fizz.command("-f", app, "exec", "web", "sh"), fizz.environment) as person:
        person.waits_for("#")
        person.types("\x04")
        assert person.ends() == 0
    with at_terminal(fizz.command("-f", app, "exec", "web", "sleep", "77"), fizz.environment) as person:
        eventually(lambda: not person.echoes(), what="the terminal is raw")
        person.types("\x10\x11")
        person.waits_for("read escape sequence")
        assert person.ends() == 0
    assert "sleep 77" in fizz("-f", app, "exec", "web", "ps").stdout


def test_it_works_from_far_for_who_may(open_server: Server, fizz: Fizz, app: Path) -> None:
    authority = open_server.folder / "authority.pem"
    config = yaml.safe_load(fizz("kubeconfig").stdout)
    cluster = config["clusters"][0]["cluster"]
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    token = fizz("token", "create", "operator", "--admin").stdout.strip()
    far = {"FIZZ_SERVER": cluster["server"], "FIZZ_CA": str(authority)}

    assert fizz("-f", app, "exec", "web", "echo", "hi", **far, FIZZ_TOKEN=token).stdout == "hi\n"
    fizz("-f", app, "exec", "web", "sh", "-c", "exit 3", code=3, **far, FIZZ_TOKEN=token)
    assert "Unauthorized" in fizz("-f", app, "exec", "web", "true", code=1, **far, FIZZ_TOKEN="nonsense").stderr
