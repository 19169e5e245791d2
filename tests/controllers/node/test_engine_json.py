"""The engine's JSON, refusals and streams, read."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from fizz.controllers.node.docker_errors import refusal
from fizz.controllers.node.engine import (
    Endpoint,
    EngineContainer,
    EngineError,
    EngineImage,
    EngineInfo,
    EngineNetwork,
    EngineVolume,
    ImageMissing,
    InUse,
    LogEntry,
    Missing,
    NameTaken,
    PublishedPort,
    PullFailed,
    Refused,
)
from fizz.controllers.node.engine_json import (
    container_of,
    event_of,
    image_of,
    info_of,
    network_of,
    signal_name,
    time_of,
    version_of,
    volume_of,
)
from fizz.controllers.node.log_frames import LogFrames
from fizz.controllers.node.pull_progress import Layers, PullProgress, layer_of
from fizz.controllers.node.unix_time import just_after, to_unix
from fizz.schemas.base import JSON
from fizz.schemas.images import Progress

INSPECTED: JSON = {
    "Id": "abc",
    "Name": "/blog-web-1",
    "Image": "sha256:x",
    "RestartCount": 2,
    "State": {
        "Status": "exited",
        "ExitCode": 137,
        "Error": "killed",
        "OOMKilled": True,
        "StartedAt": "2026-01-31T09:30:00.123456789Z",
        "FinishedAt": "2026-01-31T10:30:00+01:00",
        "Health": {"Status": "unhealthy", "Log": [{"Output": "first"}, {"Output": "refused\n"}]},
    },
    "Config": {"Image": "nginx:1", "Labels": {"a": "b"}, "StopSignal": "SIGQUIT", "StopTimeout": 0, "Tty": True},
    "NetworkSettings": {
        "Networks": {"front": {"NetworkID": "n", "IPAddress": "10.0.0.2", "GlobalIPv6Address": "fd00::2"}, "x": None},
        "Ports": {
            "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
            "81/tcp": None,
        },
    },
}


def test_an_inspection_becomes_a_container() -> None:
    assert container_of(INSPECTED) == EngineContainer(
        id="abc",
        name="blog-web-1",
        labels={"a": "b"},
        state="exited",
        image="nginx:1",
        image_id="sha256:x",
        exit_code=137,
        error="killed",
        oom_killed=True,
        restart_count=2,
        started_at=datetime(2026, 1, 31, 9, 30, 0, 123456, UTC),
        finished_at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        health="unhealthy",
        health_output="refused",
        endpoints={"front": Endpoint("n", "10.0.0.2", "fd00::2"), "x": Endpoint()},
        ports=(PublishedPort(80, "tcp", "0.0.0.0", 8080), PublishedPort(80, "tcp", "::", 8080)),
        stop_signal="SIGQUIT",
        stop_seconds=0,
        tty=True,
    )


def test_what_an_engine_leaves_out_has_its_default() -> None:
    least = container_of({"Id": "abc", "Name": "web", "State": {"Health": {"Status": "none"}}, "Config": {}})

    assert least == EngineContainer("abc", "web", {}, "created")
    assert {each.name for each in fields(least)} >= {"stop_seconds", "stop_signal"}


def test_the_other_things_are_read_too() -> None:
    assert network_of({"Id": "n", "Name": "front", "Labels": None}) == EngineNetwork("n", "front", {})
    assert volume_of({"Name": "data", "Labels": {"a": "b"}}) == EngineVolume("data", {"a": "b"})
    tagged = {"Id": "sha256:x", "Metadata": {"LastTagTime": "2026-01-31T09:30:00Z"}}
    assert image_of(tagged) == EngineImage("sha256:x", datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    assert image_of({"Id": "sha256:x", "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"}}).tagged_at is None
    info = {
        "ServerVersion": "20.10.24",
        "OperatingSystem": "Debian",
        "Architecture": "x86_64",
        "KernelVersion": "6.1",
        "Driver": "overlay2",
        "CgroupVersion": "1",
        "NCPU": 2,
        "MemTotal": 1024,
    }
    assert info_of(info, (1, 41)) == EngineInfo(
        "20.10.24", (1, 41), "Debian", "x86_64", "6.1", "overlay2", "1", 2, 1024
    )


def test_times_versions_and_signals_are_read_as_written() -> None:
    assert time_of(None) is time_of("") is time_of("0001-01-01T00:00:00Z") is None
    assert version_of("1.41") == (1, 41)
    written = (None, "15", "term", "SIGTERM", 28, "77")
    assert [signal_name(each) for each in written] == ["SIGTERM", "SIGTERM", "SIGTERM", "SIGTERM", "SIGWINCH", "77"]


def test_an_event_tells_of_what_and_whom() -> None:
    attributes = {"image": "busybox", "name": "web", "signal": "15", "fizz.dev/uid": "u"}
    kill = event_of(
        {
            "Type": "container",
            "Action": "kill",
            "Actor": {"ID": "abc", "Attributes": attributes},
            "timeNano": 1769851800500000000,
        }
    )
    assert kill is not None
    assert (kill.type, kill.action, kill.id, kill.name, kill.signal) == ("container", "kill", "abc", "web", 15)
    assert kill.labels == {"fizz.dev/uid": "u"}
    assert kill.time == datetime(2026, 1, 31, 9, 30, 0, 500000, UTC)

    join = event_of({"Type": "network", "Action": "connect", "Actor": {"ID": "n", "Attributes": {"container": "abc"}}})
    assert join is not None
    assert (join.type, join.container) == ("network", "abc")
    health = event_of({"Type": "container", "Action": "health_status: healthy", "Actor": {"ID": "abc"}})
    assert health is not None
    assert health.action == "health_status"
    assert event_of({"Type": "daemon", "Action": "reload"}) is None


REFUSALS: list[tuple[str, int, str, type[EngineError]]] = [
    ("create", 404, "No such image: nginx:1", ImageMissing),
    ("create", 409, 'Conflict. The container name "/web" is already in use', NameTaken),
    ("create", 400, "invalid reference format", Refused),
    ("create_network", 409, "network with name front already exists", NameTaken),
    ("start", 404, "No such container: abc", Missing),
    ("start", 404, "network front not found", Refused),
    ("start", 500, "port is already allocated", Refused),
    ("remove", 409, "removal of container abc is already in progress", Refused),
    ("remove", 404, "No such container: abc", Missing),
    ("remove_network", 403, "network front has active endpoints", InUse),
    ("remove_network", 403, "bridge is a pre-defined network and cannot be removed", Refused),
    ("remove_volume", 409, "volume is in use", InUse),
    ("pull", 404, "pull access denied", PullFailed),
    ("pull", 500, "no such host", PullFailed),
    ("inspect", 404, "No such container: abc", Missing),
    ("info", 500, "", Refused),
]


@pytest.mark.parametrize(
    ("verb", "code", "says", "error"), REFUSALS, ids=[f"{r[0]}-{r[1]}-{r[2][:12]}" for r in REFUSALS]
)
def test_a_refusal_means_what_the_verb_makes_of_it(verb: str, code: int, says: str, error: type[EngineError]) -> None:
    found = refusal(verb, code, says)

    assert type(found) is error
    assert str(found) == (says or "the engine answered 500")


def test_the_same_refusal_is_told_in_the_same_words_each_time() -> None:
    said = "driver failed programming external connectivity on endpoint web ({}): Bind for 0.0.0.0:80 failed"
    first, second = (str(refusal("start", 500, said.format(digit * 64))) for digit in "ab")
    assert first == second
    assert "endpoint web: Bind" in first


def frame(stream: int, text: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4) + text


def test_frames_are_taken_apart_wherever_the_bytes_are_cut() -> None:
    stream = frame(1, b"2026-01-31T09:30:00.1Z out\n") + frame(2, b"2026-01-31T09:30:00.2Z err") + frame(2, b"x ")
    wanted = [
        LogEntry("2026-01-31T09:30:00.1Z", "stdout", b"out\n"),
        LogEntry("2026-01-31T09:30:00.2Z", "stderr", b"err"),
        LogEntry("x", "stderr", b""),
    ]

    for cut in range(len(stream) + 1):
        frames = LogFrames(tty=False)
        assert frames.feed(stream[:cut]) + frames.feed(stream[cut:]) + frames.end() == wanted


def test_a_terminal_has_lines_without_frames() -> None:
    frames = LogFrames(tty=True)

    first, second = frames.feed(b"t1 one\r\nt2 tw"), frames.feed(b"o\n")
    rest = frames.feed(b"t3 three") + frames.end()

    assert first == [LogEntry("t1", "stdout", b"one\r\n")]
    assert second == [LogEntry("t2", "stdout", b"two\n")]
    assert rest == [LogEntry("t3", "stdout", b"three")]
    assert frames.end() == []


def test_a_pull_counts_layers() -> None:
    layers = Layers()
    lines: list[JSON] = [
        {"status": "Pulling from library/nginx", "id": "latest"},
        {"status": "Pulling fs layer", "id": "a"},
        {"status": "Already exists", "id": "b"},
        {"status": "Downloading", "id": "a", "progressDetail": {"current": 1, "total": 4}},
        {"status": "Pull complete", "id": "a"},
        {"status": "Digest: sha256:x"},
    ]
    told = [found for line in lines if (found := layer_of(line))]

    assert [layers.take(each) for each in told] == [False, True, True, False, True, False]
    assert layers.progress == PullProgress(2, 2)
    assert told[3] == Progress(id="a", name="a", state="running", detail="Downloading", done=1, total=4)
    assert told[5] == Progress(text="Digest: sha256:x\n")


TIMES = [
    ("1970-01-01T00:01:00.5Z", "60.500000000", "1970-01-01T00:01:00.500000001Z"),
    ("1970-01-01T00:00:59.999999999Z", "59.999999999", "1970-01-01T00:01:00.000000000Z"),
    ("1970-01-01T01:00:01+01:00", "1.000000000", "1970-01-01T00:00:01.000000001Z"),
]


@pytest.mark.parametrize(("written", "unix", "after"), TIMES, ids=[row[0] for row in TIMES])
def test_times_keep_their_nanoseconds(written: str, unix: str, after: str) -> None:
    assert (to_unix(written), just_after(written)) == (unix, after)


def test_a_container_runs_while_the_engine_keeps_it_going() -> None:
    container = EngineContainer("abc", "web", {}, "running")

    assert all(replace(container, state=state).runs for state in ("running", "paused", "restarting"))
    assert not any(replace(container, state=state).runs for state in ("created", "exited", "dead", "removing"))
