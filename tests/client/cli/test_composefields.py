"""Containers in docker compose's words, and the projects that they belong to."""

from datetime import UTC, datetime
from typing import Any

import click
import pytest

from fizz.client.cli.commands.ls import projects
from fizz.client.cli.composefields import compose_fields, state_of, template
from fizz.schemas.base import JSON

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def container(name: str = "web-0", project: str = "shop", **status: Any) -> JSON:
    metadata = {
        "name": name,
        "namespace": project,
        "creationTimestamp": "2026-01-31T09:25:00Z",
        "labels": {"fizz.dev/project": project, "fizz.dev/service": "web"},
    }
    spec = {"image": "nginx", "command": ["sh", "-c", "x"], "networks": [{"name": "default"}]}
    return {"metadata": metadata, "spec": spec, "status": status}


STATES = [
    ({"phase": "Running"}, "running"),
    ({"phase": "Running", "reason": "Paused"}, "paused"),
    ({"phase": "Stopping"}, "running"),
    ({"phase": "Restarting"}, "restarting"),
    ({"phase": "Succeeded"}, "exited"),
    ({"phase": "Stopped"}, "exited"),
    ({"phase": "Creating"}, "created"),
    ({}, "created"),
]


@pytest.mark.parametrize(("status", "state"), STATES, ids=[f"{row[1]}-{index}" for index, row in enumerate(STATES)])
def test_states_are_the_engines(status: JSON, state: str) -> None:
    assert state_of(container(**status)) == state


def test_what_is_being_deleted_is_being_removed() -> None:
    item = container(phase="Running")
    item["metadata"]["deletionTimestamp"] = "2026-01-31T09:30:00Z"

    assert state_of(item) == "removing"


def test_fields_are_those_of_compose() -> None:
    ports = [{"containerPort": 80, "hostPort": 8080, "hostIP": "0.0.0.0"}]
    item = container(phase="Running", containerID="a" * 64, containerName="shop-web-1", ports=ports, restartCount=2)
    item["status"]["startedAt"] = "2026-01-31T09:25:01Z"
    found = compose_fields(item, NOW)

    assert (found["Name"], found["Service"], found["Project"], found["State"]) == (
        "shop-web-1",
        "web",
        "shop",
        "running",
    )
    assert (found["ID"], found["Command"], found["RunningFor"]) == ("a" * 12, '"sh -c x"', "5m ago")
    assert found["Publishers"] == [{"URL": "0.0.0.0", "TargetPort": 80, "PublishedPort": 8080, "Protocol": "tcp"}]
    assert (found["Restarts"], found["Networks"], found["ExitCode"]) == (2, "shop_default", 0)
    assert compose_fields(container(phase="Failed", exitCode=3), NOW)["ExitCode"] == 3


def test_a_template_names_fields() -> None:
    found = {"Name": "web", "ExitCode": 3, "Publishers": [1]}

    assert template("{{.Name}}\\t{{ .ExitCode }}")(found) == "web\t3"
    assert template("{{json .Publishers}} {{json .Name}}")(found) == '[1] "web"'


@pytest.mark.parametrize("text", ["nothing", "{{range .Names}}x{{end}}", "{{.Name}} {{if .X}}"])
def test_what_goes_beyond_fields_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="is none of"):
        template(text)


def test_a_field_that_is_not_there_is_named() -> None:
    with pytest.raises(click.UsageError, match="no field Nope; there are Name"):
        template("{{.Nope}}")({"Name": "web"})


def test_projects_are_counted_by_state() -> None:
    places = [{"metadata": {"name": "idle", "labels": {"fizz.dev/project": "Idle"}}}]
    items = [container(phase="Running"), container("web-1", phase="Running"), container("web-2", phase="Failed")]
    shop = {"Name": "shop", "Status": "exited(1), running(2)", "ConfigFiles": "N/A", "Namespace": "shop"}

    assert projects(places, items, everything=False) == [shop]
    assert [each["Name"] for each in projects(places, items, everything=True)] == ["Idle", "shop"]
    assert projects(places, [container(phase="Failed")], everything=False) == []
