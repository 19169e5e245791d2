"""What of a project of docker compose can go on, and why the rest cannot."""

from typing import Any

import pytest

from fizz.client.cli.adopting import Found, assign, config_files, differences, surplus
from fizz.client.compose.hashing import service_hash
from fizz.schemas import labels

JSON = dict[str, Any]
_HASH_ALONE = "its configuration hash differs, though not in what the engine shows"
SERVICE: JSON = {"image": "nginx:1", "command": None, "entrypoint": None, "networks": {"default": None}}
SPEC: JSON = {"image": "nginx:1", "imageID": "sha256:aaaa", "networks": [{"name": "default"}]}


def found(number: int = 1, *, agrees: bool = False, oneoff: bool = False, **changes: Any) -> Found:
    said = {
        labels.COMPOSE_SERVICE: "web",
        labels.COMPOSE_CONTAINER_NUMBER: str(number),
        labels.COMPOSE_CONFIG_HASH: service_hash(SERVICE) if agrees else "another",
        labels.COMPOSE_ONEOFF: "True" if oneoff else "False",
    }
    return Found(
        {
            "Id": f"c{number}",
            "Name": f"/shop-web-{number}",
            "Image": changes.get("image_id", "sha256:aaaa"),
            "Config": {"Labels": said, "Image": "nginx:1", "Env": ["A=1"], **changes.get("config", {})},
            "HostConfig": {"RestartPolicy": {"Name": "no"}, **changes.get("host", {})},
            "Mounts": changes.get("mounts", []),
            "NetworkSettings": {"Networks": {"shop_default": {}}},
        }
    )


def test_what_compose_would_leave_alone_agrees() -> None:
    assert list(differences(SERVICE, SPEC, found(agrees=True))) == []


@pytest.mark.parametrize(
    ("spec", "raw", "told"),
    [
        pytest.param({}, {}, _HASH_ALONE, id="the hash alone"),
        pytest.param({"image": "nginx:2"}, {}, "image: nginx:1 -> nginx:2", id="image"),
        pytest.param({"env": [{"name": "A", "value": "2"}]}, {}, "environment A: 1 -> 2", id="variable"),
        pytest.param({"command": ["a", "b"]}, {}, "command: nothing -> a, b", id="command"),
        pytest.param({"restartPolicy": {"name": "always"}}, {}, "restart: no -> always", id="restart"),
        pytest.param(
            {"ports": [{"containerPort": 80, "hostPort": 81}]},
            {"host": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}},
            "ports: 8080:80/tcp -> 81:80/tcp",
            id="ports",
        ),
        pytest.param(
            {"mounts": [{"type": "volume", "source": "data", "target": "/data"}]}, {}, "mounts:  -> /data", id="mounts"
        ),
    ],
)
def test_what_differs_has_a_name(spec: JSON, raw: JSON, told: str) -> None:
    assert list(differences(SERVICE, {**SPEC, **spec}, found(**raw))) == [told]


def test_another_image_of_the_same_name_differs_whatever_the_hash_says() -> None:
    there = found(agrees=True, image_id="sha256:bbbb")
    assert list(differences(SERVICE, SPEC, there)) == ["image: bbbb -> aaaa"]


def test_what_the_image_declares_is_no_difference() -> None:
    there = found(config={"Volumes": {"/cache": {}}}, mounts=[{"Destination": "/cache"}])
    assert list(differences(SERVICE, SPEC, there)) == [_HASH_ALONE]


def test_replicas_take_over_in_order_and_what_is_left_is_named() -> None:
    deployment = {"metadata": {"name": "web"}, "spec": {"replicas": 2, "template": {"spec": SPEC}}}
    there = [found(7, agrees=True), found(3), found(9, agrees=True), found(1, oneoff=True)]
    made = assign({"web": SERVICE}, [deployment], there)

    assert [(each.ordinal, each.found.name, bool(each.differences)) for each in made] == [
        (0, "shop-web-3", True),
        (1, "shop-web-7", False),
    ]
    assert str(made[1]) == "shop-web-7: goes on as it is"
    assert surplus(made, there) == ["shop-web-1", "shop-web-9"]


def test_the_files_are_those_that_the_containers_were_made_from() -> None:
    there = found()
    there.raw["Config"]["Labels"] |= {labels.COMPOSE_CONFIG_FILES: "/a.yml,/b.yml", labels.COMPOSE_WORKING_DIR: "/x"}
    assert config_files([found(2), there]) == (["/a.yml", "/b.yml"], "/x")
    assert config_files([found()]) == ([], "")
