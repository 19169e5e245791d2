"""What `fizz run` makes of a service and what was said."""

from pathlib import Path

import pytest

from fizz.client.cli.failures import Failure
from fizz.client.cli.oneoff import OneOff, container_of
from fizz.client.cli.project import to_resources
from fizz.client.cli.running_once import overlaid, split
from fizz.client.compose import LoadOptions, Project, load
from fizz.schemas import labels
from fizz.schemas.base import JSON

APP = """
name: shop
services:
  web:
    image: nginx
    command: serve
    entrypoint: /entry
    restart: always
    container_name: shop-front
    environment: {A: "1", B: "2"}
    labels: {team: one}
    ports: ["8080:80"]
    volumes: ["data:/data", "/srv:/srv"]
    networks: {default: {aliases: [www]}}
    depends_on: [db]
  db: {image: mariadb}
  nightly: {image: nginx, deploy: {mode: replicated-job}}
volumes: {data: {}, other: {}}
"""


def loaded(folder: Path) -> Project:
    (folder / "compose.yaml").write_text(APP)
    found = load(LoadOptions(files=(str(folder / "compose.yaml"),)), {})
    assert found.project is not None, found.errors
    return found.project


def made(folder: Path, said: OneOff, service: str = "web") -> JSON:
    workload, _ = split(to_resources(overlaid(loaded(folder), service, said)), service)
    return container_of(workload, "shop", service, "0badcafe", said)


def test_it_is_as_the_services_containers_are_but_for_what_is_theirs_alone(tmp_path: Path) -> None:
    item = made(tmp_path, OneOff())
    spec, metadata = item["spec"], item["metadata"]

    assert (spec["image"], spec["command"], spec["entrypoint"]) == ("nginx", ["serve"], ["/entry"])
    assert (metadata["name"], spec["containerName"]) == ("web-run-0badcafe", "shop-web-run-0badcafe")
    assert metadata["labels"][labels.ONEOFF] == "true"
    assert (metadata["labels"][labels.PROJECT], metadata["labels"][labels.SERVICE]) == ("shop", "web")
    assert labels.DEPLOYMENT not in metadata["labels"]
    assert {"restartPolicy", "desiredState"}.isdisjoint(spec)
    assert not spec.get("ports")
    assert [network.get("aliases") for network in spec["networks"]] == [None]
    assert "annotations" not in metadata


def test_what_was_said_goes_before_what_is_written(tmp_path: Path) -> None:
    said = OneOff(
        command=("echo", "$HOME"),
        environment=("B=x$y", "C=3"),
        labels=("team=two", "new=yes"),
        user="7",
        working_dir="/w",
        volumes=("/tmp:/srv:ro", "data:/more"),
        publish=("127.0.0.1:9090:90",),
        service_ports=True,
        use_aliases=True,
        cap_add=("NET_ADMIN",),
        remove=True,
        tty=True,
    )
    item = made(tmp_path, said)
    spec, annotations = item["spec"], item["metadata"]["annotations"]

    assert (spec["command"], spec["user"], spec["workingDir"]) == (["echo", "$HOME"], "7", "/w")
    assert {each["name"]: each["value"] for each in spec["env"]} == {"A": "1", "B": "x$y", "C": "3"}
    assert (spec["labels"]["team"], spec["labels"]["new"]) == ("two", "yes")
    assert {each["target"]: each.get("source") for each in spec["mounts"]} == {
        "/data": "data", "/srv": "/tmp", "/more": "data",
    }  # fmt: skip
    assert [(each["containerPort"], each["hostPort"]) for each in spec["ports"]] == [(80, 8080), (90, 9090)]
    assert "www" in spec["networks"][0]["aliases"]
    assert spec["capAdd"] == ["NET_ADMIN"]
    assert (spec["tty"], spec["stdinOpen"], spec["stdinOnce"]) == (True, True, True)
    assert annotations == {
        labels.USE_ALIASES: "true", labels.REMOVE_WHEN_ENDED: "true", labels.REMOVE_VOLUMES: "true",
    }  # fmt: skip


def test_another_entry_point_does_without_the_services_command(tmp_path: Path) -> None:
    spec = made(tmp_path, OneOff(entrypoint="sh -c 'echo hi'"))["spec"]

    assert (spec["entrypoint"], spec.get("command") or []) == (["sh", "-c", "echo hi"], [])


def test_a_job_is_run_once_more(tmp_path: Path) -> None:
    assert made(tmp_path, OneOff(command=("true",)), "nightly")["spec"]["command"] == ["true"]


def test_the_rest_of_the_project_is_applied_without_the_service(tmp_path: Path) -> None:
    _, rest = split(to_resources(loaded(tmp_path)), "web")

    assert "web" not in rest.names("Deployment") + rest.names("Service")
    assert rest.names("Deployment") == ["db"]
    assert rest.partial


@pytest.mark.parametrize(
    ("said", "says"),
    [
        pytest.param(OneOff(volumes=("nosuch:/x",)), '"nosuch", which is not defined', id="volume"),
        pytest.param(OneOff(publish=("a:b",)), "ports", id="port"),
    ],
)
def test_what_makes_no_sense_is_refused_as_in_a_file(tmp_path: Path, said: OneOff, says: str) -> None:
    with pytest.raises(Failure, match=says):
        overlaid(loaded(tmp_path), "web", said)


def test_a_volume_by_name_is_known_from_a_folder() -> None:
    assert OneOff(volumes=("other:/x",)).names_volumes
    assert not OneOff(volumes=("/x:/x", "./y:/y", "/anonymous")).names_volumes
