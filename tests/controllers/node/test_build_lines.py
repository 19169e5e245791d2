"""Builders' lines as progress, and builds as parameters of the engine's request."""

import base64
import io
import tarfile

import pytest

from fizz.controllers.node.build_params import build_params, build_warnings, dockerfile_member
from fizz.controllers.node.buildkit import BuildkitSteps, _StatusResponse
from fizz.controllers.node.classic_build import ClassicSteps
from fizz.controllers.node.engine import BuildFailed
from fizz.schemas.base import JSON
from fizz.schemas.images import Build, Progress
from fizz.schemas.limits import Ulimit

SEEN = (
    "GmAKR3NoYTI1NjpjZGYxMjI4NWY0NzQ1ZjNkM2MyMTU3MWI1NDc2NzlkMzBlNTJjZmE0N2E1NWUzMDE4YjIyMWIyZDk5YjQxMDliEgwI9YKb2AYQqKCS"
    "ggMYASIFaGkgMQo="
)
"""A line of a log, as an engine wrote it."""


def trace(**fields: object) -> JSON:
    """A StatusResponse as the engine passes it on."""
    return {
        "id": "moby.buildkit.trace",
        "aux": base64.b64encode(_StatusResponse(**fields).SerializeToString()).decode(),
    }


def all_of(steps: BuildkitSteps | ClassicSteps, lines: list[JSON]) -> list[Progress]:
    return [told for line in lines for told in steps.take(line)]


def test_what_an_engine_wrote_is_read() -> None:
    steps = BuildkitSteps()

    told = all_of(steps, [{"id": "moby.buildkit.trace", "aux": SEEN}])

    digest = "sha256:cdf12285f4745f3d3c21571b547679d30e52cfa47a55e3018b221b2d99b4109b"
    assert told == [Progress(id=digest, text="hi 1\n")]


def test_buildkit_tells_steps_once_for_each_state() -> None:
    steps = BuildkitSteps()
    run = {"digest": "sha256:1", "name": "[2/2] RUN make"}
    began, ended = {"started": {"seconds": 1}}, {"started": {"seconds": 1}, "completed": {"seconds": 2}}

    told = all_of(
        steps,
        [
            trace(vertexes=[run, {"digest": "sha256:0", "name": "[1/2] FROM x", "cached": True, **ended}]),
            trace(vertexes=[{**run, **began}]),
            trace(vertexes=[{**run, **began}], logs=[{"vertex": "sha256:1", "msg": b"cc\n"}]),
            trace(statuses=[{"id": "layer", "vertex": "sha256:0", "current": 1, "total": 4}]),
            trace(warnings=[{"vertex": "sha256:1", "short": b"old"}]),
            trace(vertexes=[{**run, **ended}]),
            {"id": "moby.image.id", "aux": {"ID": "sha256:9"}},
            {"stream": "Successfully tagged x\n"},
        ],
    )

    assert [(each.id, each.state, each.text, each.warning) for each in told] == [
        ("sha256:1", "waiting", None, None),
        ("sha256:0", "cached", None, None),
        ("sha256:1", "running", None, None),
        ("sha256:1", None, "cc\n", None),
        ("sha256:0/layer", "running", None, None),
        ("sha256:1", None, None, "old"),
        ("sha256:1", "done", None, None),
    ]
    assert (steps.image, steps.error) == ("sha256:9", "")


def test_a_step_that_fails_says_why_and_so_does_the_end() -> None:
    steps = BuildkitSteps()

    told = all_of(
        steps,
        [
            trace(vertexes=[{"digest": "d", "name": "[1/1] RUN false", "error": "exit code: 1"}]),
            {"errorDetail": {"message": "failed to solve"}, "error": "failed to solve"},
            {"id": "moby.buildkit.trace", "aux": "AAAA"},
        ],
    )

    assert told == [Progress(id="d", name="[1/1] RUN false", state="failed", detail="exit code: 1")]
    assert steps.error == "failed to solve"


def test_the_classic_builder_tells_steps() -> None:
    steps = ClassicSteps()
    texts = [
        "Step 1/2 : FROM busybox\n", " ---> 2f1e0d3c4b5a\n", "Step 2/2 : RUN make\n", " ---> Running in 9c1f0ab2c3d4\n",
        "cc\n", "[Warning] old\n", " ---> Using cache\n", "Successfully built 2f1e\n", "Successfully tagged x:1\n",
    ]  # fmt: skip

    told = all_of(steps, [{"stream": text} for text in texts] + [{"aux": {"ID": "sha256:9"}}])
    told += steps.finish()

    assert [(each.name, each.state, each.text or each.warning) for each in told] == [
        ("[1/2] FROM busybox", "running", None),
        ("[1/2] FROM busybox", "done", None),
        ("[2/2] RUN make", "running", None),
        (None, None, "cc\n"),
        (None, None, "old"),
        ("[2/2] RUN make", "cached", None),
    ]
    assert (steps.image, steps.error) == ("sha256:9", "")


def test_the_classic_builder_tells_the_step_that_failed() -> None:
    steps = ClassicSteps()

    told = all_of(steps, [{"stream": "Step 1/1 : RUN false\n"}, {"error": "returned a non-zero code: 1"}])

    assert (told[-1].name, told[-1].state) == ("[1/1] RUN false", "failed")
    assert steps.error == "returned a non-zero code: 1"
    assert list(steps.finish()) == []


def test_every_field_of_a_build_becomes_a_parameter() -> None:
    build = Build(
        tags=["a:1", "b:2"],
        dockerfile="sub/Dockerfile",
        target="t",
        args={"A": "1"},
        labels={"l": "x"},
        cache_from=["c"],
        network="host",
        extra_hosts=["h:1.2.3.4"],
        shm_size=1024,
        ulimits=[Ulimit(name="nofile", soft=1, hard=2)],
        platform="linux/amd64",
        isolation="default",
        pull=True,
        no_cache=True,
    )

    assert build_params(build) == {
        "version": "2",
        "t": ["a:1", "b:2"],
        "dockerfile": "sub/Dockerfile",
        "target": "t",
        "rm": "1",
        "forcerm": "1",
        "buildargs": '{"A":"1"}',
        "labels": '{"l":"x"}',
        "cachefrom": '["c"]',
        "networkmode": "host",
        "extrahosts": "h:1.2.3.4",
        "shmsize": "1024",
        "ulimits": '[{"Name":"nofile","Soft":1,"Hard":2}]',
        "platform": "linux/amd64",
        "isolation": "default",
        "pull": "1",
        "nocache": "1",
    }
    assert build_params(Build(builder="classic", memory=7, remote="https://x.git"))["memory"] == "7"


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (Build(memory=1), "BuildKit knows no limit of memory"),
        (Build(remote="https://x.git", dockerfile_text="FROM x"), "brings its own Dockerfile"),
    ],
)
def test_what_a_builder_cannot_do_is_refused(build: Build, says: str) -> None:
    with pytest.raises(BuildFailed, match=says):
        build_params(build)


def test_limits_that_an_old_engine_leaves_out_are_told() -> None:
    build = Build(shm_size=1, ulimits=[Ulimit(name="nofile", soft=1, hard=2)])

    assert [text.split()[0] for text in build_warnings(build, (1, 41))] == ["shm_size", "ulimits"]
    assert build_warnings(build, (1, 42)) == []
    assert build_warnings(build.model_copy(update={"builder": "classic"}), (1, 41)) == []


def test_a_dockerfile_that_is_not_in_the_context_goes_in_front_of_it() -> None:
    build = Build(dockerfile_text="FROM busybox\n")
    content = b"".join(dockerfile_member(build)) + bytes(1024)

    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        (member,) = tar.getmembers()
        file = tar.extractfile(member)
        assert file
        assert file.read() == b"FROM busybox\n"
    assert build_params(build)["dockerfile"] == member.name
    assert list(dockerfile_member(Build())) == []
