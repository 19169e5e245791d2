"""What the agent's socket does inside of containers, and with images."""

import base64
import io
import json
import tarfile
from pathlib import Path

import aiohttp
import pytest

from fizz.controllers.node.engine import EngineLost, Refused
from fizz.controllers.node.fake import FakeEngine
from tests.controllers.node.lives import Lives, answering


@pytest.fixture
def lives() -> Lives:
    return Lives(FakeEngine(registry=["redis:7"]))


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


async def test_a_command_tells_what_it_writes_and_how_it_ends(lives: Lives, tmp_path: Path) -> None:
    container = await lives.create()
    query = "command=sh&command=-c&command=echo+hi;+exit+3&user=u&workingDir=/w&env=A%3D1&privileged=true"

    async with answering(lives, tmp_path) as session, session.post(f"/containers/blog/web/exec?{query}") as answer:
        told = lines(await answer.text())

    assert told == [{"stream": "stdout", "data": base64.b64encode(b"hi\n").decode()}, {"exitCode": 3}]
    (request,) = lives.engine.boxes[container].executed
    assert (request.command, request.user, request.working_dir) == (("sh", "-c", "echo hi; exit 3"), "u", "/w")
    assert (request.environment, request.privileged) == (("A=1",), True)


async def test_a_tar_file_is_unpacked(lives: Lives, tmp_path: Path) -> None:
    container = await lives.create()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        member = tarfile.TarInfo("app/a.txt")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"abc"))

    path, data = "/containers/blog/web/archive?path=/srv", content.getvalue()
    async with answering(lives, tmp_path) as session, session.put(path, data=data) as answer:
        assert answer.status == 200

    assert lives.engine.boxes[container].files == {"/srv/app/a.txt": b"abc"}


async def test_a_container_is_restarted(lives: Lives, tmp_path: Path) -> None:
    container = await lives.create()
    before = lives.engine.boxes[container].started_at

    path = "/containers/blog/web/restart?gracePeriodSeconds=1"
    async with answering(lives, tmp_path) as session, session.post(path) as answer:
        assert answer.status == 200

    assert lives.engine.boxes[container].state == "running"
    assert lives.engine.boxes[container].started_at != before


async def test_processes_and_figures_are_told(lives: Lives, tmp_path: Path) -> None:
    container = await lives.create()
    async with answering(lives, tmp_path) as session:
        async with session.get("/containers/blog/web/top") as answer:
            found = await answer.json()
        async with session.get("/containers/blog/web/stats") as answer:
            (figures,) = lines(await answer.text())

    assert found["titles"] == ["PID", "CMD"]
    assert found["processes"] == [[str(int(container, 16)), "sh -c echo one && sleep"]]
    assert figures["memory_stats"] == {"usage": 1024, "limit": 4096}


async def test_a_file_is_described_and_packed(lives: Lives, tmp_path: Path) -> None:
    container = await lives.create()
    lives.engine.boxes[container].files["/etc/motd"] = b"hello"
    async with answering(lives, tmp_path) as session:
        async with session.head("/containers/blog/web/archive?path=/etc/motd") as answer:
            found = json.loads(base64.b64decode(answer.headers["X-Fizz-Path-Stat"]))
        async with session.get("/containers/blog/web/archive?path=/etc/motd") as answer:
            again, packed = answer.headers["X-Fizz-Path-Stat"], await answer.read()
        async with session.get("/containers/blog/web/archive?path=/nosuch") as answer:
            missing = answer.status, await answer.text()

    assert (found["name"], found["size"]) == ("motd", 5)
    assert json.loads(base64.b64decode(again)) == found
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames() == ["motd"]
    assert missing[0] == 404
    assert "/nosuch" in missing[1]


WRONG = [
    ("POST", "/containers/blog/web/exec", 400, "command is missing"),
    ("POST", "/containers/blog/other/exec?command=x", 404, "blog/other"),
    ("PUT", "/containers/blog/other/archive", 404, "blog/other"),
    ("POST", "/containers/blog/web/restart?gracePeriodSeconds=soon", 400, "gracePeriodSeconds"),
    ("POST", "/images/pull", 400, "name is missing"),
    ("POST", "/images/push", 400, "name is missing"),
    ("POST", "/images/build", 415, "multipart/form-data"),
    ("POST", "/images/pull?name=nosuch", 500, "pull access denied for nosuch"),
]


@pytest.mark.parametrize(("method", "path", "code", "says"), WRONG, ids=[row[1][-20:] for row in WRONG])
async def test_what_makes_no_sense_is_said(
    lives: Lives, tmp_path: Path, method: str, path: str, code: int, says: str
) -> None:
    await lives.create()

    async with answering(lives, tmp_path) as session, session.request(method, path) as answer:
        assert (answer.status, says in await answer.text()) == (code, True)


@pytest.mark.parametrize("verb", ["put_archive", "restart", "executing"])
async def test_what_the_engine_refuses_is_told(lives: Lives, tmp_path: Path, verb: str) -> None:
    await lives.create()
    lives.engine.fail(verb, Refused("it does not run"))
    method, path = {
        "put_archive": ("PUT", "archive"),
        "restart": ("POST", "restart"),
        "executing": ("POST", "exec?command=x"),
    }[verb]

    url = f"/containers/blog/web/{path}"
    async with answering(lives, tmp_path) as session, session.request(method, url) as answer:
        assert (answer.status, await answer.text()) == (500, "it does not run")


async def test_images_that_are_there_are_described(lives: Lives, tmp_path: Path) -> None:
    async with answering(lives, tmp_path) as session:
        async with session.get("/images?name=busybox&name=nosuch") as answer:
            found = (await answer.json())["images"]
        lives.engine.fail("image", EngineLost("no answer"))
        async with session.get("/images?name=busybox") as answer:
            lost = answer.status

    assert (found["busybox"]["id"], "nosuch" in found, lost) == ("sha256:busybox", False, 503)


async def test_a_pull_tells_layers_and_then_the_image(lives: Lives, tmp_path: Path) -> None:
    async with answering(lives, tmp_path) as session, session.post("/images/pull?name=redis:7") as answer:
        told = lines(await answer.text())

    assert [line.get("state") for line in told] == ["waiting", "done", None]
    assert told[-1] == {"image": "sha256:redis:7"}


def form(*parts: tuple[str, bytes]) -> aiohttp.MultipartWriter:
    writer = aiohttp.MultipartWriter("form-data")
    for name, content in parts:
        writer.append(content).set_content_disposition("form-data", name=name)
    return writer


FORMS = [
    ((), "it must be the first part"),
    ((("context", b""),), "it must be the first part"),
    ((("build", b"{"),), "the part build is no Build"),
    ((("build", b'{"tags": 7}'),), "the part build is no Build"),
    ((("build", b"{}"),), "the part context is missing"),
]


@pytest.mark.parametrize(("parts", "says"), FORMS, ids=[row[1][:24] + str(len(row[0])) for row in FORMS])
async def test_a_form_that_is_no_build_is_refused(
    lives: Lives, tmp_path: Path, parts: tuple[tuple[str, bytes], ...], says: str
) -> None:
    async with answering(lives, tmp_path) as session, session.post("/images/build", data=form(*parts)) as answer:
        assert (answer.status, says in await answer.text()) == (400, True)
