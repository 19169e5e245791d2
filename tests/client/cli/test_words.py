"""What commands make of flags and objects: times, containers, logs, projects."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from fizz.client.cli.apply import operations, result_lines
from fizz.client.cli.commands.describe import description
from fizz.client.cli.commands.events import events_text, in_order
from fizz.client.cli.commands.kubeconfig import kubeconfig, url_of
from fizz.client.cli.commands.logs import parse_since, parse_tail, select
from fizz.client.cli.commands.ps import rows
from fizz.client.cli.commands.scale import parse_scales
from fizz.client.cli.containers import ports_of, short_name, status_of
from fizz.client.cli.logstream import LogLine, LogOptions, read_logs, split
from fizz.client.cli.logtext import LogText
from fizz.client.cli.project import Resources
from fizz.client.cli.summaries import summary
from fizz.client.transactions import OperationResult
from fizz.schemas.base import JSON

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def container(service: str = "web", ordinal: int = 0, **status: Any) -> JSON:
    labels = {"fizz.dev/service": service, "fizz.dev/deployment": service, "fizz.dev/ordinal": str(ordinal)}
    metadata = {"name": f"{service}-0badcafe-{ordinal}", "namespace": "blog", "labels": labels}
    return {"kind": "Container", "metadata": metadata, "spec": {"image": "nginx"}, "status": status}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        pytest.param({}, "Pending", id="nothing yet"),
        pytest.param({"phase": "Creating", "reason": "Pulling"}, "Creating: Pulling", id="pulls"),
        pytest.param({"phase": "Running", "startedAt": "2026-01-31T09:25:00Z"}, "Up 5m", id="up"),
        pytest.param(
            {"phase": "Running", "startedAt": "2026-01-31T09:29:30Z", "health": "starting"},
            "Up 30s (health: starting)",
            id="checked",
        ),
        pytest.param(
            {"phase": "Running", "startedAt": "2026-01-31T07:20:00Z", "health": "healthy"}, "Up 2h (healthy)", id="ok"
        ),
        pytest.param(
            {"phase": "Running", "startedAt": "2026-01-31T07:20:00Z", "reason": "Paused", "message": "by hand"},
            "Up 2h (Paused)",
            id="paused",
        ),
        pytest.param(
            {"phase": "Failed", "exitCode": 3, "finishedAt": "2026-01-31T09:29:00Z"}, "Exited (3) 60s ago", id="ended"
        ),
        pytest.param(
            {"phase": "Restarting", "exitCode": 1, "restartCount": 4}, "Restarting (1), 4 times so far", id="restarts"
        ),
        pytest.param(
            {"phase": "Restarting", "exitCode": 1, "restartCount": 4, "reason": "CrashLoopBackOff"},
            "CrashLoopBackOff (1), restarted 4 times",
            id="crash loop",
        ),
    ],
)
def test_the_status_of_a_container_in_words(status: dict[str, Any], text: str) -> None:
    assert status_of(container(**status), NOW) == text


def test_ports_as_published_and_others() -> None:
    item = container(
        ports=[
            {"containerPort": 80, "hostIP": "0.0.0.0", "hostPort": 8080},
            {"containerPort": 80, "hostIP": "::", "hostPort": 8080},
            {"containerPort": 53, "hostPort": 5353, "protocol": "udp"},
        ]
    )
    item["spec"]["ports"] = [{"containerPort": 80}, {"containerPort": 443}]

    assert ports_of(item) == "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 5353->53/udp, 443/tcp"


def test_ps_shows_composes_columns() -> None:
    item = container("web", 1, phase="Running", startedAt="2026-01-31T09:29:55Z", containerName="blog-web-2")

    assert short_name(item) == "web-2"
    assert rows([item], NOW) == [("blog-web-2", "nginx", "web", "Up 5s", " ")]
    assert rows([item], NOW, wide=True)[0][-2:] == ("", "")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("10m", datetime(2026, 1, 31, 9, 20, tzinfo=UTC), id="duration"),
        pytest.param("1h30m", datetime(2026, 1, 31, 8, 0, tzinfo=UTC), id="longer"),
        pytest.param("2026-01-30T00:00:00Z", datetime(2026, 1, 30, tzinfo=UTC), id="time"),
        pytest.param("2026-01-30", datetime(2026, 1, 30, tzinfo=UTC), id="day"),
        pytest.param("1769731200", datetime(2026, 1, 30, tzinfo=UTC), id="seconds since 1970"),
        pytest.param(None, None, id="not given"),
    ],
)
def test_since(text: str | None, moment: datetime | None) -> None:
    assert parse_since(text, NOW) == moment


def test_tail_and_since_that_make_no_sense_are_wrong_usage() -> None:
    assert (parse_tail("all"), parse_tail("5")) == (None, 5)
    for broken in (lambda: parse_tail("x"), lambda: parse_since("yesterday", NOW), lambda: parse_since("5x", NOW)):
        with pytest.raises(click.UsageError):
            broken()


def test_scales() -> None:
    assert parse_scales(("web=3", "worker=0")) == {"web": 3, "worker": 0}
    for broken in ("web", "web=", "=3", "web=-1", "web=x", "web=99999999"):
        with pytest.raises(click.UsageError):
            parse_scales((broken,))


# logs


class Logs:
    """The client's logs, from memory."""

    def __init__(self, **lines: list[str]) -> None:
        self.lines = lines

    async def logs(self, name: str, namespace: str, **_: object) -> AsyncGenerator[bytes, None]:
        for line in self.lines[name.split("-")[0]]:
            yield line.encode()


async def test_the_logs_of_several_containers_come_in_the_order_of_time() -> None:
    source = Logs(web=["1Z a", "4Z d"], db=["2Z b", "3Z c", "5Z e"], idle=[])
    items = [container(name) for name in ("web", "db", "idle")]

    lines = [line async for line in read_logs(source, items, LogOptions())]  # type: ignore[arg-type]  # half a client

    assert [line.text for line in lines] == ["a", "b", "c", "d", "e"]
    assert lines[1] == LogLine("db-1", "2Z", "b")


def test_a_line_is_cut_into_time_and_text_whatever_its_bytes() -> None:
    assert split("web-1", b"2026Z caf\xc3\xa9 \xff") == LogLine("web-1", "2026Z", "café �")
    assert split("web-1", b"2026Z") == LogLine("web-1", "2026Z", "")
    assert split("web-1", b"the driver is none") == LogLine("web-1", "", "the driver is none")


def test_lines_say_who_wrote_them() -> None:
    line = LogLine("web-1", "2026Z", "hello")

    assert LogText(["web-1", "worker-1"], colour=False).text(line) == "web-1     | hello"
    assert LogText(prefix=False, timestamps=True).text(line) == "2026Z hello"
    assert click.unstyle(LogText().text(line)) == "web-1  | hello"
    assert LogText().text(line) != click.unstyle(LogText().text(line))


def test_logs_are_chosen_by_service_deployment_or_container() -> None:
    items = [container("web"), container("db")]

    chosen = {
        word: [item["metadata"]["name"] for item in items if select("blog", None, [word], items).has(item)]
        for word in ("web", "deployment/db", "container/web-0badcafe-0", "nope")
    }

    assert chosen == {
        "web": ["web-0badcafe-0"],
        "deployment/db": ["db-0badcafe-0"],
        "container/web-0badcafe-0": ["web-0badcafe-0"],
        "nope": [],
    }
    with pytest.raises(click.UsageError):
        select("blog", None, ["secret/x"], items)


# projects


def thing(kind: str, name: str, after: tuple[str, ...] = ()) -> JSON:
    spec = {"dependsOn": [{"name": each} for each in after]}
    return {"apiVersion": "x/v1", "kind": kind, "metadata": {"name": name, "namespace": "blog"}, "spec": spec}


def test_what_is_no_longer_in_the_file_is_removed_dependents_first() -> None:
    kept = [thing("Namespace", "blog"), thing("Deployment", "db")]
    old = [
        thing("Deployment", "db"),
        thing("Deployment", "web", ("api",)),
        thing("Deployment", "api"),
        thing("Secret", "s"),
    ]
    leaving = thing("Network", "going")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-31T09:30:00Z"

    made = operations(Resources("blog", "blog", tuple(kept)), [*old, leaving])

    said = [(each.verb, each.object["kind"], each.object["metadata"]["name"], each.force) for each in made]  # type: ignore[index]  # JSON here
    assert said[:2] == [("apply", "Namespace", "blog", True), ("apply", "Deployment", "db", True)]
    assert set(said[2:]) == {
        ("delete", "Deployment", "web", False),
        ("delete", "Deployment", "api", False),
        ("delete", "Secret", "s", False),
    }
    names = [name for _, _, name, _ in said]
    assert names.index("web") < names.index("api")


def test_results_are_short() -> None:
    verbs: list[Any] = ["created", "unchanged", "unchanged"]

    lines = result_lines([OperationResult(verb, thing("Secret", f"s{index}")) for index, verb in enumerate(verbs)])

    assert lines == ["secret.x/s0 created", "2 unchanged"]
    assert result_lines([]) == []


# what is shown of objects


@pytest.mark.parametrize(
    ("item", "text"),
    [
        pytest.param(
            {"kind": "Deployment", "spec": {"replicas": 2}, "status": {"readyReplicas": 1}}, "1/2 ready", id="d"
        ),
        pytest.param(
            {"kind": "Deployment", "spec": {"replicas": 1}, "status": {"succeededReplicas": 1}},
            "completed",
            id="one-shot",
        ),
        pytest.param(
            {
                "kind": "Deployment",
                "spec": {},
                "status": {
                    "conditions": [{"type": "Progressing", "reason": "WaitingForDependency", "message": "waits"}]
                },
            },
            "0/1 ready: waits",
            id="waits",
        ),
        pytest.param(
            {"kind": "Container", "status": {"phase": "Failed", "exitCode": 2}}, "Failed (exit code 2)", id="c"
        ),
        pytest.param({"kind": "Network", "status": {"phase": "Failed", "message": "taken"}}, "Failed: taken", id="n"),
        pytest.param({"kind": "Secret", "metadata": {"deletionTimestamp": "now"}}, "being deleted", id="leaving"),
        pytest.param({"kind": "Secret"}, "", id="nothing to say"),
    ],
)
def test_summaries(item: JSON, text: str) -> None:
    assert summary(item) == text


def event(name: str, last: str, **more: Any) -> JSON:
    about = {"kind": "Deployment", "name": name}
    metadata = {"name": name, "resourceVersion": "1"}
    return {"metadata": metadata, "involvedObject": about, "lastTimestamp": last, "message": "m", "reason": "R", **more}


def test_events_are_shown_oldest_first_with_their_count() -> None:
    late, early = event("late", "2026-01-31T09:29:59Z", count=3, type="Warning"), event("early", "2026-01-31T09:00:00Z")

    lines = events_text(in_order([late, early]), NOW).splitlines()

    assert [line.split()[0] for line in lines] == ["LAST", "30m", "1s"]
    assert lines[2].split() == ["1s", "Warning", "R", "deployment/late", "m", "(x3)"]


def test_a_secret_is_described_without_its_data() -> None:
    metadata = {"name": "s", "namespace": "blog", "creationTimestamp": "2026-01-31T09:25:00Z"}
    item = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": {"k": "aHVzaA=="}}

    text = description(item, [], NOW)

    assert "aHVzaA==" not in text
    assert "k: 4 bytes" in text
    assert "Created:       2026-01-31T09:25:00Z (5m ago)" in text
    assert text.endswith("Events:        <none>")


@pytest.mark.parametrize(
    ("information", "address", "server", "url"),
    [
        pytest.param({"listen": "127.0.0.1:7443"}, None, "unix:///s", "https://127.0.0.1:7443", id="where-it-listens"),
        pytest.param({"listen": "0.0.0.0:7443"}, None, "unix:///s", "https://127.0.0.1:7443", id="on-all-addresses"),
        pytest.param({"listen": "[::]:7443"}, None, "unix:///s", "https://[::1]:7443", id="on-all-addresses-v6"),
        pytest.param({"listen": "0.0.0.0:7443"}, None, "https://a.example:1", "https://a.example:1", id="as-we-did"),
        pytest.param({"listen": "0.0.0.0:7443"}, "a.example", "unix:///s", "https://a.example:7443", id="by-a-name"),
        pytest.param(
            {"listen": "0.0.0.0:7443"}, "a.example:1", "unix:///s", "https://a.example:1", id="by-name-and-port"
        ),
        pytest.param({"plain": "127.0.0.1:8001"}, None, "unix:///s", "http://127.0.0.1:8001", id="plain-alone"),
    ],
)
def test_a_kubeconfig_says_where_clients_reach_the_server(
    information: dict[str, str], address: str | None, server: str, url: str
) -> None:
    assert url_of(information, address, server) == url


def test_a_kubeconfig_has_one_context() -> None:
    config = kubeconfig("https://127.0.0.1:7443", "blog", ca="PEM", token="t")

    cluster = {"server": "https://127.0.0.1:7443", "certificate-authority-data": "UEVN"}
    assert config["clusters"][0]["cluster"] == cluster
    assert config["users"][0]["user"] == {"token": "t"}
    assert config["contexts"][0]["context"]["namespace"] == "blog"
    assert config["current-context"] == config["contexts"][0]["name"]
