"""A project becomes resources: the right ones, in order, the same every time."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project, TranslateError, translate
from fizz.schemas import labels
from fizz.schemas.kinds import BUILTIN
from fizz.schemas.meta import Object
from fizz.schemas.names import check_label_value, check_namespace_name

Make = Callable[..., Project]

SHOP = """\
name: shop
services:
  web:
    image: x
    depends_on: {db: {condition: service_healthy, restart: true}, job: {condition: service_completed_successfully}}
    deploy: {replicas: 3, labels: {tier: front, "has space": x, note: "a b"}}
    ports: [{target: 80, published: 8080, name: http, app_protocol: http}]
    networks: [front, default]
    volumes: [data:/d]
    secrets: [key]
    configs: [conf, raw]
  db: {image: y, scale: 2, networks: {front: }}
  job: {image: z, restart: "no", network_mode: none}
networks:
  front:
    driver: bridge
    internal: true
    enable_ipv6: true
    labels: [a=b]
    ipam: {driver: default, config: [{subnet: 10.0.0.0/8, gateway: 10.0.0.1, aux_addresses: {h: 10.0.0.9}}]}
volumes:
  data: {driver: local, driver_opts: {type: none}, labels: {a: b}}
secrets: {key: {file: ./key}}
configs: {conf: {content: "hello $FOO"}, raw: {file: raw}}
"""
FILES = {"key": "s3cret", "raw": b"\xff\x00"}


@pytest.fixture
def shop(project: Make) -> list[Object]:
    return translate(project(SHOP, FILES))


def of_kind(objects: list[Object], kind: str) -> dict[str, dict[str, Any]]:
    return {item.name: item.dump() for item in objects if item.kind == kind}


def test_what_others_need_comes_first(shop: list[Object]) -> None:
    assert [f"{item.kind}/{item.name}" for item in shop] == [
        "Namespace/shop",
        "Network/default",
        "Network/front",
        "Volume/data",
        "ConfigMap/conf",
        "ConfigMap/raw",
        "Secret/key",
        "Service/db",
        "Service/job",
        "Service/web",
        "Deployment/db",
        "Deployment/job",
        "Deployment/web",
    ]


def test_every_resource_is_labelled_and_in_the_namespace(shop: list[Object]) -> None:
    for item in shop:
        assert item.labels[labels.PROJECT] == "shop"
        assert item.labels[labels.MANAGED_BY] == "fizz"
        assert item.namespace == ("" if item.kind == "Namespace" else "shop")
        assert (item.labels.get(labels.SERVICE) == item.name) is (item.kind in {"Deployment", "Service"})


def test_networks_and_volumes(shop: list[Object]) -> None:
    assert of_kind(shop, "Network")["front"]["spec"] == {
        "name": "shop_front",
        "driver": "bridge",
        "internal": True,
        "enableIpv6": True,
        "labels": {"a": "b"},
        "ipam": {
            "driver": "default",
            "config": [{"subnet": "10.0.0.0/8", "gateway": "10.0.0.1", "auxAddresses": {"h": "10.0.0.9"}}],
        },
    }
    assert of_kind(shop, "Network")["default"]["spec"] == {"name": "shop_default"}
    assert of_kind(shop, "Volume")["data"]["spec"] == {
        "name": "shop_data",
        "driver": "local",
        "driverOpts": {"type": "none"},
        "labels": {"a": "b"},
    }


def test_contents(shop: list[Object]) -> None:
    assert of_kind(shop, "Secret")["key"]["data"] == {"key": base64.b64encode(b"s3cret").decode()}
    assert of_kind(shop, "ConfigMap")["conf"]["data"] == {"conf": "hello foo"}
    assert of_kind(shop, "ConfigMap")["raw"]["binaryData"] == {"raw": base64.b64encode(b"\xff\x00").decode()}


def test_a_deployment(shop: list[Object]) -> None:
    web = of_kind(shop, "Deployment")["web"]
    assert web["spec"]["replicas"] == 3
    assert web["spec"]["dependsOn"] == [
        {"name": "db", "condition": "Healthy", "restart": True},
        {"name": "job", "condition": "CompletedSuccessfully"},
    ]
    assert web["metadata"]["labels"]["tier"] == "front"
    assert web["metadata"]["annotations"] == {"note": "a b"}
    assert web["spec"]["template"]["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "fizz",
        "fizz.dev/project": "shop",
        "fizz.dev/service": "web",
    }
    assert of_kind(shop, "Deployment")["db"]["spec"]["replicas"] == 2


def test_a_service(shop: list[Object]) -> None:
    assert of_kind(shop, "Service")["web"]["spec"] == {
        "deployment": "web",
        "ports": [{"port": 80, "protocol": "tcp", "name": "http", "hostPort": 8080, "appProtocol": "http"}],
    }
    assert of_kind(shop, "Service")["db"]["spec"] == {"deployment": "db"}


def test_the_same_file_gives_the_same_bytes(project: Make) -> None:
    first, second = ([item.dump() for item in translate(project(SHOP, FILES))] for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def test_names_that_the_api_does_not_allow_are_made_to_fit(project: Make) -> None:
    text = (
        "services: {Web_App: {image: x, depends_on: [.db], volumes: [My_Data:/d]}, .db: {image: y}}\n"
        "volumes: {My_Data: }\n"
    )
    objects = translate(project(text, project_name="a_b-"))
    for item in objects:
        assert check_namespace_name(item.name) is None
        assert not any(map(check_label_value, item.labels.values()))
    (web,) = [item.dump() for item in objects if item.kind == "Deployment" and item.name.startswith("web")]
    names = {item.name for item in objects}
    assert web["spec"]["dependsOn"][0]["name"] in names
    assert web["spec"]["template"]["spec"]["mounts"][0]["source"] in names
    assert web["spec"]["template"]["spec"]["networks"][0]["aliases"] == ["Web_App"]
    (volume,) = of_kind(objects, "Volume").values()
    assert volume["spec"]["name"] == "a_b-_My_Data"


def test_external_resources_are_named_and_not_made(project: Make) -> None:
    text = (
        "services: {web: {image: x, networks: [n], volumes: ['vv:/v'], secrets: [s], configs: [c]}}\n"
        "networks: {n: {external: true, name: real}}\nvolumes: {vv: {external: true}}\n"
        "secrets: {s: {external: true}}\nconfigs: {c: {external: true}}\n"
    )
    objects = translate(project(text))
    assert [item.kind for item in objects] == ["Namespace", "Network", "Volume", "Service", "Deployment"]
    assert of_kind(objects, "Network")["n"]["spec"] == {"name": "real", "external": True}
    assert of_kind(objects, "Volume")["vv"]["spec"] == {"name": "vv", "external": True}


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("services: {db: {^provider: {type: cloud}}}", "services.db.provider is not available yet"),
        ("services: {db: {image: x, ^pre_start: [{image: y}]}}", "services.db.pre_start is not available yet"),
        (
            "services: {db: {image: x, ^models: [m]}}\nmodels: {m: {model: y}}",
            "services.db.models is not available yet",
        ),
        (
            "services: {db: {image: x, secrets: [s]}}\nsecrets: {s: {file: f, ^driver: vault}}",
            "secrets.s.driver is a matter of Docker Swarm",
        ),
        (
            "services: {db: {image: x, configs: [c]}}\nconfigs: {c: {file: f, ^template_driver: golang}}",
            "configs.c.template_driver is a matter of Docker Swarm",
        ),
    ],
    ids=["provider", "pre-start", "models", "driver", "template-driver"],
)
def test_what_cannot_be_run_is_refused_with_its_place(project: Make, rest: str, problem: str) -> None:
    before, _, after = rest.partition("^")
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    with pytest.raises(TranslateError) as raised:
        translate(project(before + after))
    (found,) = raised.value.problems
    assert found.format().startswith(f"compose.yaml:{place}: {problem}")


def test_what_is_not_used_is_not_refused(project: Make) -> None:
    text = "services: {web: {image: x}, db: {image: x, pre_start: [{image: y}], profiles: [off]}}"
    assert [item.kind for item in translate(project(text))] == ["Namespace", "Network", "Service", "Deployment"]


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("file: ./nope", "compose.yaml:3:7: secrets.s names the file nope: No such file or directory"),
        ("environment: NOPE", "compose.yaml:3:7: secrets.s needs the variable NOPE, which is not set"),
    ],
    ids=["file", "variable"],
)
def test_missing_contents_are_told(project: Make, secret: str, problem: str) -> None:
    made = project(f"services: {{web: {{image: x, secrets: [s]}}}}\nsecrets:\n  s: {{{secret}}}\n")
    with pytest.raises(TranslateError) as raised:
        translate(made)
    assert [each.format() for each in raised.value.problems] == [problem]


def test_a_content_that_no_secret_holds_is_told_with_its_file(project: Make) -> None:
    made = project(
        "services: {web: {image: x, secrets: [s], configs: [c]}}\n"
        "secrets: {s: {file: ./big}}\nconfigs: {c: {file: ./ok}}\n",
        {"big": b"x" * (3 << 19), "ok": b"x" * (1 << 20)},
    )

    with pytest.raises(TranslateError) as raised:
        translate(made)

    limit = "secrets hold 1 MiB at most: mount a larger file as a volume"
    (told,) = [each.format() for each in raised.value.problems]
    assert told == f"compose.yaml:2:15: secrets.s names the file big of 1.5 MiB; {limit}"


def test_a_project_with_variables_left_in_it_cannot_run(project: Make) -> None:
    with pytest.raises(TranslateError, match="variables are not replaced"):
        translate(project("services: {web: {image: $FOO}}", interpolate=False))


def test_resources_are_what_their_models_say(shop: list[Object]) -> None:
    models = {kind.kind: kind.model for kind in BUILTIN}
    for item in shop:
        assert models[item.kind].load(item.dump()).dump() == item.dump()
