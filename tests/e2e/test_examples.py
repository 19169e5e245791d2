"""Every small example does what its first lines promise."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.e2e.harness import Fizz, eventually, output_of

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(fizz: Fizz, request: pytest.FixtureRequest) -> Iterator[Fizz]:
    """The command line with the file of the test's parameter, whose project is taken down in the end."""
    with_token = Fizz(fizz.environment | {"TOKEN": "t0ps3cret"})
    try:
        with_token("-f", EXAMPLES / request.param, "up", "-d", "--wait")
        yield with_token
    finally:
        with_token("-f", EXAMPLES / request.param, "down", "-v")


@pytest.mark.parametrize("run", ["hello.yml"], indirect=True)
def test_hello_reaches_all_replicas_by_one_name(run: Fizz, engine: docker.DockerClient) -> None:
    replicas = {engine.containers.get(f"hello-web-{number}").attrs["Config"]["Hostname"] for number in (1, 2)}

    def heard() -> set[str]:
        return set(run("-f", EXAMPLES / "hello.yml", "logs", "--no-log-prefix", "visitor").stdout.split())

    eventually(lambda: heard() & replicas, what="the visitor hears a replica's name")
    assert heard() <= replicas


@pytest.mark.parametrize("run", ["job.yml"], indirect=True)
def test_job_ends_before_the_server_starts(run: Fizz, engine: docker.DockerClient) -> None:
    job, web = (engine.containers.get(f"job-{service}-1").attrs["State"] for service in ("migrate", "web"))

    assert (job["Status"], job["ExitCode"], web["Status"]) == ("exited", 0, "running")
    assert job["FinishedAt"] <= web["StartedAt"]
    with urllib.request.urlopen("http://localhost:8081/migrated", timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("run", ["secrets.yml"], indirect=True)
def test_secrets_and_configs_are_files(run: Fizz, engine: docker.DockerClient) -> None:
    app = engine.containers.get("secrets-app-1")

    assert output_of(app, "cat", "/run/secrets/token") == "t0ps3cret"
    assert output_of(app, "cat", "/etc/app.ini") == "[app]\ngreeting = hello\n"
    assert output_of(app, "cat", "/run/secrets/license.txt") == (EXAMPLES.parent / "LICENSE").read_text()
    assert output_of(app, "stat", "-c", "%a", "/run/secrets/license.txt") == "400\n"
