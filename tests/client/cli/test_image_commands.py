"""Commands about images, with a real API server, the answers of a node's agent, and an engine in memory."""

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fizz.client.api import Client
from fizz.client.cli.main import cli
from fizz.client.objects import Key
from fizz.client.testing import eventually, server
from fizz.controllers.node.agent_api import AgentApi
from fizz.controllers.node.engine import EngineContainer, Refused
from fizz.controllers.node.fake import FakeEngine
from fizz.schemas import logs
from fizz.schemas.apps import Deployment
from fizz.schemas.node import Node

Fizz = Callable[..., Awaitable[Result]]

APP = """
name: shop
services:
  web:
    build: {context: web, args: {A: "1"}, labels: {team: x}, tags: ["extra:1"]}
  db: {image: busybox}
"""


STEPS = frozenset({"pulling", "pulled", "building", "built", "failed"})


class Nobody:
    """Lives of containers, of which there are none here."""

    known = True

    async def look(self, key: Key) -> EngineContainer | None:
        return None

    def goes_on(self, key: Key) -> bool:
        return False


@pytest.fixture
async def engine() -> FakeEngine:
    return FakeEngine(images=["busybox"], registry=["redis:7"])


@pytest.fixture
async def client(tmp_path: Path, engine: FakeEngine) -> AsyncIterator[Client]:
    """A server with one node, which is ready."""
    stop, path = asyncio.Event(), tmp_path / "node.sock"
    async with server(tmp_path) as made:
        serving = asyncio.create_task(AgentApi(engine, Nobody(), path).run(stop))  # type: ignore[arg-type]  # no logs here
        await eventually(path.is_socket)
        node = await made.create(Node.load({"metadata": {"name": "n1"}, "spec": {}}))
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Up",
            "message": "",
            "lastTransitionTime": datetime.now(UTC),
        }
        await made.update_status(
            Node.load({**node.dump(), "status": {"agent": f"unix://{path}", "conditions": [ready]}})
        )
        yield made
        stop.set()
        await serving


@pytest.fixture
def fizz(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fizz:
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # the logs of the tests are not the command's to set up
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("FIZZ_SERVER", "FIZZ_SOCKET", "FIZZ_DATA_DIR", "COMPOSE_FILE", "DOCKER_BUILDKIT"):
        monkeypatch.delenv(name, raising=False)

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, cli, ["--server", client.endpoint, *arguments])

    return run


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def read(name: str) -> str:
    return Path(name).read_text()


def app(compose: str = APP, dockerfile: str = "FROM busybox\nCOPY . /\n") -> None:
    write("compose.yaml", compose)
    write("web/Dockerfile", dockerfile)
    write("web/index.html", "hello")


def names_in(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return tar.getnames()


async def image_of(client: Client, name: str = "web") -> str | None:
    return (await client.get(Deployment, name, "shop")).spec.template.spec.image_id


async def up(fizz: Fizz, *arguments: str) -> Result:
    """Containers never come up here: it is enough that the project is applied."""
    return await fizz("up", "-d", "--timeout", "0.01", *arguments)


async def test_a_build_sends_the_context_and_shows_the_steps(fizz: Fizz, engine: FakeEngine) -> None:
    app()
    write("web/.dockerignore", "*.log\n")
    write("web/x.log", "x")

    result = await fizz("build")

    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "web building",
        "web [1/2] FROM busybox running",
        "web [1/2] FROM busybox done",
        "web [2/2] COPY . / running",
        "web [2/2] COPY . / done",
        "web built",
    ]
    ((build, context),) = engine.builds
    assert names_in(context) == [".dockerignore", "Dockerfile", "index.html"]
    assert (build.tags, build.args, build.dockerfile) == (["shop-web", "extra:1"], {"A": "1"}, "Dockerfile")
    assert build.labels == {
        "team": "x",
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "web",
    }


async def test_flags_go_over_the_file(fizz: Fizz, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    app()
    monkeypatch.setenv("C", "3")

    result = await fizz("build", "-q", "--build-arg", "A=2", "--build-arg", "C", "--no-cache", "--pull")

    ((build, _),) = engine.builds
    assert (build.args, build.no_cache, build.pull) == ({"A": "2", "C": "3"}, True, True)
    assert result.output == f"{engine.ids['shop-web']}\n"


async def test_a_failed_build_names_the_line(fizz: Fizz, tmp_path: Path) -> None:
    app(dockerfile="FROM busybox\n\nFAIL\n")

    result = await fizz("build")

    assert result.exit_code == 1
    assert str(result.exception) == (
        f"{tmp_path}/here/web/Dockerfile:3: the image of service 'web' cannot be built: "
        "dockerfile parse error line 3: unknown instruction: FAIL"
    )


@pytest.mark.parametrize(
    ("build", "says"),
    [
        ("{context: nowhere}", "there is no folder"),
        ("{context: web, dockerfile: Other}", "no Dockerfile at"),
        ("{context: web, additional_contexts: {d: ./nowhere}}", "for the context 'd'"),
        ("{context: web, additional_contexts: {d: 'service:web'}}", "makes a circle"),
        ("{context: web, additional_contexts: {d: 'service:db'}}", "must name a service that is built"),
        ("{context: web, additional_contexts: {d: 'https://x.git'}}", "takes no https://x.git yet"),
        ("{context: web, secrets: [token]}", "services.web.build.secrets is not available yet"),
        ("{context: web, ssh: [default]}", "services.web.build.ssh is not available yet"),
    ],
)
async def test_what_cannot_be_built_is_said_before_anything_is(
    fizz: Fizz, engine: FakeEngine, build: str, says: str
) -> None:
    app(
        f"name: shop\nservices: {{web: {{build: {build}}}, db: {{image: busybox}}}}\n"
        "secrets: {token: {file: ./token}}\n"
    )

    result = await fizz("build")

    assert result.exit_code == 1
    assert says in str(result.exception)
    assert engine.builds == []


async def test_a_broken_ignore_file_is_named(fizz: Fizz) -> None:
    app()
    write("web/Dockerfile.dockerignore", "[\n")

    result = await fizz("build")

    assert "Dockerfile.dockerignore:" in str(result.exception)


async def test_further_contexts_are_built_first_and_become_stages(fizz: Fizz, engine: FakeEngine) -> None:
    contexts = "{data: ./data, base: 'docker-image://busybox', own: 'service:base'}"
    app(
        "name: shop\nservices:\n"
        f"  web: {{build: {{context: web, additional_contexts: {contexts}}}}}\n"
        "  base: {image: 'own:2', build: {dockerfile_inline: 'FROM busybox'}}\n"
    )
    write("data/d.txt", "d")

    result = await fizz("build", "web")

    assert result.exit_code == 0, result.output
    tags = [build.tags for build, _ in engine.builds]
    assert tags[-1] == ["shop-web"]
    assert sorted(tags[:-1]) == [["own:2"], ["shop-web:context-data"]]
    text = engine.builds[-1][0].dockerfile_text or ""
    assert sorted(text.splitlines()[:3]) == [
        "FROM busybox AS base",
        "FROM own:2 AS own",
        "FROM shop-web:context-data AS data",
    ]
    data = next(content for build, content in engine.builds if build.tags == ["shop-web:context-data"])
    assert names_in(data) == ["d.txt"]


async def test_a_dockerfile_outside_of_the_context_is_sent_beside_it(fizz: Fizz, engine: FakeEngine) -> None:
    app("name: shop\nservices: {web: {build: {context: web, dockerfile: ../Dockerfile.web}}}\n")
    write("Dockerfile.web", "FROM busybox\n")

    assert (await fizz("build")).exit_code == 0

    assert engine.builds[0][0].dockerfile_text == "FROM busybox\n"


async def test_what_cannot_be_built_runs_if_its_image_is_there(fizz: Fizz, engine: FakeEngine, client: Client) -> None:
    app("name: shop\nservices: {web: {image: busybox, build: {context: web, ssh: [default]}}}\n")

    await up(fizz)

    assert (await image_of(client), engine.builds) == ("sha256:busybox", [])


async def test_several_platforms_are_told(fizz: Fizz, engine: FakeEngine) -> None:
    app("name: shop\nservices: {web: {build: {context: web, platforms: [linux/arm64, linux/amd64]}}}\n")

    result = await fizz("build")

    assert "services.web.build.platforms names several; the image is built for linux/arm64 only" in result.output
    assert engine.builds[0][0].platform == "linux/arm64"


async def test_up_builds_what_is_missing_and_tells_deployments_their_images(
    fizz: Fizz, engine: FakeEngine, client: Client
) -> None:
    app()

    await up(fizz)

    assert len(engine.builds) == 1
    assert await image_of(client) == engine.ids["shop-web"]
    assert await image_of(client, "db") == "sha256:busybox"


async def test_up_builds_again_only_if_told_to_and_changes_only_what_changed(
    fizz: Fizz, engine: FakeEngine, client: Client
) -> None:
    app()
    await up(fizz)
    first = await client.get(Deployment, "web", "shop")
    await up(fizz)
    await up(fizz, "--build")
    same = await client.get(Deployment, "web", "shop")
    write("web/index.html", "changed")
    await up(fizz)
    old = await client.get(Deployment, "web", "shop")
    await up(fizz, "--build")
    new = await client.get(Deployment, "web", "shop")

    assert len(engine.builds) == 3
    assert first.metadata.resource_version == same.metadata.resource_version == old.metadata.resource_version
    assert new.spec.template.spec.image_id not in {None, old.spec.template.spec.image_id}


async def test_up_without_building_names_what_is_missing_and_applies_nothing(fizz: Fizz, client: Client) -> None:
    app()

    result = await up(fizz, "--no-build")

    assert "service 'web': image 'shop-web' is not in the engine; run `fizz build`" in str(result.exception)
    assert (await client.list(Deployment, "shop")).items == []


PULLS = [
    ("{image: 'redis:7'}", [], ["redis:7 pulling", "redis:7 pulled"]),
    ("{image: busybox}", [], []),
    ("{image: busybox}", ["--pull", "always"], ["busybox pulling", "busybox failed"]),
    ("{image: busybox, pull_policy: every_1h}", [], []),
    ("{image: 'redis:7', build: web}", [], ["redis:7 pulling", "redis:7 pulled"]),
    ("{image: 'own:1', build: web}", [], ["own:1 pulling", "own:1 failed", "web building", "web built"]),
    ("{image: 'redis:7', pull_policy: build, build: web}", [], ["web building", "web built"]),
    ("{build: web, pull_policy: always}", [], ["web building", "web built"]),
]


@pytest.mark.parametrize(("service", "flags", "steps"), PULLS, ids=[row[0] + "".join(row[1]) for row in PULLS])
async def test_what_is_pulled_and_what_is_built(fizz: Fizz, service: str, flags: list[str], steps: list[str]) -> None:
    app(f"name: shop\nservices: {{web: {service}}}\n")

    result = await up(fizz, *flags)

    seen = [line for line in result.output.splitlines() if line.split()[-1] in STEPS]
    assert seen == steps


async def test_an_image_that_nobody_has_ends_up_before_anything_is_applied(fizz: Fizz, client: Client) -> None:
    write("compose.yaml", "name: shop\nservices: {a: {image: nosuch}, b: {image: neither}}\n")

    result = await up(fizz)
    never = await up(fizz, "--pull", "never")

    assert "cannot pull nosuch: pull access denied for nosuch" in str(result.exception)
    assert "neither: pull access denied for neither" in str(result.exception)
    assert "service 'a': image 'nosuch' is not in the engine; its pull policy is never" in str(never.exception)
    assert (await client.list(Deployment, "shop")).items == []


async def test_apply_leaves_the_image_that_was_chosen(fizz: Fizz, client: Client) -> None:
    app()
    await up(fizz)
    before = await client.get(Deployment, "web", "shop")

    await fizz("apply", "-f", "compose.yaml")
    same = await client.get(Deployment, "web", "shop")
    write("compose.yaml", "name: shop\nservices: {web: {image: 'redis:7'}}\n")
    await fizz("apply", "-f", "compose.yaml")

    assert same.metadata.resource_version == before.metadata.resource_version
    assert await image_of(client) is None


async def test_pull_fetches_all_and_says_what_it_cannot(fizz: Fizz, engine: FakeEngine) -> None:
    write("compose.yaml", "name: shop\nservices: {a: {image: 'redis:7'}, b: {image: nosuch}}\n")

    result = await fizz("pull")
    ignoring = await fizz("pull", "--ignore-pull-failures", "-q")
    only = await fizz("pull", "a", "--policy", "missing")

    assert result.exit_code == 1
    assert "redis:7" in engine.images
    assert "nosuch: pull access denied" in str(result.exception)
    assert (ignoring.exit_code, only.exit_code, only.output) == (0, 0, "")


async def test_push_brings_what_is_built_and_named(fizz: Fizz, engine: FakeEngine) -> None:
    app("name: shop\nservices: {web: {image: 'own:1', build: web}, db: {image: busybox}, x: {build: web}}\n")
    missing = await fizz("push")
    await fizz("build")

    result = await fizz("push")

    assert "image 'own:1' cannot be pushed: An image does not exist locally" in str(missing.exception)
    assert (result.exit_code, "own:1" in engine.registry, "shop-x" in engine.registry) == (0, True, False)


async def test_nothing_to_build_is_said(fizz: Fizz) -> None:
    write("compose.yaml", "name: shop\nservices: {db: {image: busybox}}\n")

    assert "no service has anything to build" in (await fizz("build")).output


async def test_an_engine_that_refuses_is_told(fizz: Fizz, engine: FakeEngine) -> None:
    app()
    engine.fail("build", Refused("disk full"))

    assert "cannot be built: disk full" in str((await fizz("build")).exception)


async def test_convert_prints_what_up_applies(fizz: Fizz) -> None:
    app()

    result = await fizz("convert")
    as_json = await fizz("convert", "--format", "json", "-o", "out.json", "db")

    kinds = [line.removeprefix("kind: ") for line in result.output.splitlines() if line.startswith("kind: ")]
    assert kinds == ["Namespace", "Network", "Service", "Service", "Deployment", "Deployment"]
    assert as_json.output == ""
    assert '"kind": "List"' in read("out.json")
