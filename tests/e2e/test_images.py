"""Building, pulling, pushing and following files on a real engine, with a real registry on a port of this machine."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest
from docker.models.containers import Container

from tests.e2e.conftest import program
from tests.e2e.harness import Fizz, Server, eventually, free_port, output_of

DOCKERFILE = """\
FROM busybox
ARG WHO=nobody
COPY . /app/
RUN echo "built for $WHO" > /who
CMD ["sleep", "100000"]
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with something to build."""
    (tmp_path / "web/src").mkdir(parents=True)
    (tmp_path / "web/Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "web/.dockerignore").write_text("*.log\nDockerfile\n.dockerignore\n")
    (tmp_path / "web/x.log").write_text("x")
    (tmp_path / "web/src/a.txt").write_text("one")
    return tmp_path


@pytest.fixture
def run(fizz: Fizz, app: Path, project: str, engine: docker.DockerClient) -> Iterator["Project"]:
    made = Project(fizz, app, project, engine)
    yield made
    fizz("-p", project, "down", "-v", "-t", "0", cwd=app)
    for image in engine.images.list(filters={"label": f"com.docker.compose.project={project}"}):
        engine.images.remove(str(image.id), force=True)


class Project:
    """A compose project in a folder, under a name of its own."""

    def __init__(self, fizz: Fizz, folder: Path, name: str, engine: docker.DockerClient) -> None:
        self.fizz, self.folder, self.name, self.engine = fizz, folder, name, engine

    def __call__(self, *arguments: str, code: int = 0, builder: str = "1") -> subprocess.CompletedProcess[str]:
        return self.fizz("-p", self.name, *arguments, code=code, cwd=self.folder, DOCKER_BUILDKIT=builder)

    def compose(self, text: str) -> None:
        (self.folder / "compose.yaml").write_text(text)

    def container(self, service: str = "web") -> Container:
        return self.engine.containers.get(f"{self.name}-{service}-1")


BUILT = """
services:
  web:
    init: true
    build: {context: web, args: {WHO: me}, labels: {team: x}}
"""


@pytest.mark.parametrize("builder", ["1", "0"], ids=["buildkit", "classic"])
def test_up_builds_and_replaces_only_what_changed(run: Project, builder: str) -> None:
    run.compose(BUILT)

    run("up", "-d", builder=builder)
    first = run.container()
    run("up", "-d", "--build", builder=builder)
    same = run.container()
    (run.folder / "web/src/a.txt").write_text("two")
    run("up", "-d", "--build", builder=builder)
    new = run.container()

    assert output_of(new, "cat", "/who", "/app/src/a.txt") == "built for me\ntwo"
    assert same.id == first.id != new.id
    assert "x.log" not in output_of(new, "ls", "-A", "/app")
    assert new.image is not None
    wanted = {"team": "x", "com.docker.compose.project": run.name, "com.docker.compose.service": "web"}
    assert wanted.items() <= new.image.labels.items()
    assert new.attrs["Config"]["Image"] == f"{run.name}-web"
    assert new.labels["com.docker.compose.image"] == new.attrs["Image"]


@pytest.mark.parametrize("builder", ["1", "0"], ids=["buildkit", "classic"])
@pytest.mark.parametrize(("broken", "line"), [("RUN false", 4), ("RUNN true", 4), ("COPY nothing /", 4)])
def test_a_build_that_fails_names_the_line_and_applies_nothing(
    run: Project, builder: str, broken: str, line: int
) -> None:
    run.compose(BUILT)
    (run.folder / "web/Dockerfile").write_text(f"FROM busybox\n# a comment\n\n{broken}\n")

    failed = run("up", "-d", code=1, builder=builder)

    assert f"{run.folder}/web/Dockerfile:{line}: the image of service 'web' cannot be built: " in failed.stderr
    assert run("get", "deployments", "-n", run.name, "-o", "name").stdout == ""


def test_further_contexts_and_mounts_of_buildkit_work(run: Project) -> None:
    (run.folder / "data").mkdir()
    (run.folder / "data/d.txt").write_text("data")
    (run.folder / "web/Dockerfile").write_text(
        "ARG BASE=busybox\nFROM $BASE\nCOPY --from=data d.txt /d.txt\nCOPY --from=other /o /o\n"
        'RUN --mount=type=cache,target=/c echo cached > /c/x && cat /c/x > /m\nCMD ["sleep", "100000"]\n'
    )
    run.compose(
        "services:\n  web:\n    init: true\n"
        "    build: {context: web, additional_contexts: {data: ./data, other: 'service:other'}}\n"
        '  other: {build: {context: web, dockerfile_inline: "FROM busybox\\nRUN echo other > /o"}, scale: 0}\n'
    )

    run("up", "-d")

    assert output_of(run.container(), "cat", "/d.txt", "/o", "/m") == "dataother\ncached\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of our own, as `127.0.0.1:PORT`, which engines trust without TLS."""
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    config = folder / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
    )
    process = subprocess.Popen([program("docker-registry"), "serve", str(config)], start_new_session=True)

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        eventually(answers, what="the registry answers")
        yield f"127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_images_go_to_a_registry_and_come_from_it(run: Project, registry: str) -> None:
    image = f"{registry}/{run.name}:1"
    run.compose(BUILT.replace("init: true", f"init: true\n    image: {image}"))
    run("build", "--push")
    run.engine.images.remove(image, force=True)
    run.compose(f"services:\n  web: {{image: '{image}', init: true, pull_policy: always}}\n")

    pulled = run("pull")
    run("up", "-d")
    first = run.container()
    run("up", "-d")
    same = run.container()
    (run.folder / "web/src/a.txt").write_text("newer")
    run.compose(BUILT.replace("init: true", f"init: true\n    image: {image}"))
    run("build", "-q", "--push")
    run.engine.images.remove(image)
    run.compose(f"services:\n  web: {{image: '{image}', init: true, pull_policy: always}}\n")
    run("up", "-d")
    new = run.container()

    layers = [line for line in pulled.stdout.splitlines() if line.startswith(f"{image} ")]
    assert layers[0] == f"{image} pulling"
    assert any(line.endswith(" done") for line in layers[1:-1])
    assert layers[-1] == f"{image} pulled"
    assert same.id == first.id != new.id
    assert output_of(new, "cat", "/app/src/a.txt") == "newer"
    listed = run("images").stdout.splitlines()
    assert listed[1].split()[:3] == [f"{run.name}-web-1", f"{registry}/{run.name}", "1"]


def test_the_image_that_was_chosen_runs_whatever_its_name_stands_for(run: Project, server: Server) -> None:
    run.compose(BUILT)
    run("up", "-d")
    chosen = run.container().attrs["Image"]
    (run.folder / "web/src/a.txt").write_text("two")
    run("build", "-q")

    run.container().remove(force=True)

    def back() -> Container | None:
        try:
            found = run.container()
        except docker.errors.NotFound:
            return None
        return found if found.status == "running" else None

    assert eventually(back, what="the container is back").attrs["Image"] == chosen


def test_what_no_registry_has_is_said_and_nothing_is_applied(run: Project, registry: str) -> None:
    run.compose(f"services:\n  web: {{image: '{registry}/nosuch:1'}}\n")

    failed = run("up", "-d", code=1)

    assert f"error: cannot pull {registry}/nosuch:1: " in failed.stderr
    assert run("get", "deployments", "-n", run.name, "-o", "name").stdout == ""


def test_containers_follow_files(run: Project) -> None:
    run.compose(
        f"{BUILT}    develop:\n      watch:\n"
        "        - {action: sync, path: ./web/src, target: /app/src}\n"
        "        - {action: sync+restart, path: ./web/conf, target: /conf}\n"
        "        - {action: rebuild, path: ./web/version}\n"
    )
    (run.folder / "web/conf").mkdir()
    log = run.folder / "develop.log"
    with log.open("w") as output:
        process = run.fizz.start("-p", run.name, "develop", output=output.fileno(), cwd=run.folder)
    try:
        eventually(lambda: "watching files of web" in log.read_text(), what="files are watched")
        first = run.container()
        started = first.attrs["State"]["StartedAt"]

        def inside(*command: str) -> str:
            done = run.container().exec_run(list(command))
            assert isinstance(done.output, bytes)
            return done.output.decode() if done.exit_code == 0 else ""

        def touch(name: str) -> None:
            (run.folder / "web" / name).write_text(f"{time.monotonic()}")

        touch("src/b.txt")
        wanted = (run.folder / "web/src/b.txt").read_text()
        eventually(lambda: inside("cat", "/app/src/b.txt") == wanted, what="a new file is there")
        (run.folder / "web/src/a.txt").unlink()
        eventually(lambda: inside("ls", "/app/src").split() == ["b.txt"], what="a removed file is gone")
        touch("conf/x.ini")
        eventually(lambda: run.container().attrs["State"]["StartedAt"] != started, what="it is restarted")
        assert run.container().id == first.id
        touch("version")
        eventually(lambda: "web: rebuilt" in log.read_text(), what="it is rebuilt")
        assert run.container().id != first.id
        assert inside("cat", "/app/version") == (run.folder / "web/version").read_text()
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(20)
    assert "Traceback" not in log.read_text()
