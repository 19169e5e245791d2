"""`fizz config`: the flags, over real files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fizz.client.cli.digests import full_name, pinned
from fizz.client.cli.failures import Failure, guard
from fizz.client.cli.main import cli

Fizz = Callable[..., tuple[int, str, str]]

FILE = """
services:
  web: {image: "nginx:${TAG:-1}", depends_on: [db], networks: [front]}
  db: {image: "postgres:17", environment: {SECRET: "${NEEDED?say so}"}, develop: {watch: [{path: ., action: rebuild}]}}
  job: {build: ., restart: sometimes, post_start: [{}]}
networks: {front: , unused: }
"""


@pytest.fixture
def fizz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fizz:
    """`fizz("config", ...)` -> exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEEDED", "x")
    (tmp_path / "compose.yaml").write_text(FILE.replace("post_start: [{}]", "post_start: [{command: }]"))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = guard(lambda: cli.main(list(arguments), prog_name="fizz", standalone_mode=False))
        return code, *capsys.readouterr()

    return run


def test_one_service_with_what_it_needs(fizz: Fizz) -> None:
    code, out, _ = fizz("config", "web")
    assert code == 0
    assert list(yaml.safe_load(out)["services"]) == ["db", "web"]


def test_json_has_what_compose_always_writes(fizz: Fizz) -> None:
    services = json.loads(fizz("config", "--format", "json")[1])["services"]
    assert services["web"]["command"] is None
    assert services["db"]["develop"]["watch"][0]["exec"] == {"command": None}
    assert services["job"]["post_start"] == [{"command": None}]


def test_a_project_that_no_engine_runs_is_printed_with_a_warning_but_not_run(fizz: Fizz) -> None:
    code, out, told = fizz("config")
    assert (code, yaml.safe_load(out)["services"]["job"]["restart"]) == (0, "sometimes")
    assert "compose.yaml:5:28: warning: services.job.restart must be" in told
    code, _, told = fizz("validate")
    assert code == 1
    assert "compose.yaml:5:28: services.job.restart must be" in told


def test_variables_are_listed_whether_they_are_set_or_not(fizz: Fizz, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEEDED")
    code, out, _ = fizz("config", "--variables", "--format", "json")
    assert code == 0
    assert json.loads(out)["NEEDED"] == {
        "Name": "NEEDED", "DefaultValue": "", "PresenceValue": "", "Required": True
    }  # fmt: skip
    assert yaml.safe_load(fizz("config", "--variables", "--format", "yaml")[1])["TAG"]["defaultvalue"] == "1"


def test_hashes_of_some_services(fizz: Fizz) -> None:
    assert fizz("config", "--hash", "db,web")[1].split()[::2] == ["db", "web"]
    assert fizz("config", "--hash", "nobody") == (1, "", fizz("config", "--hash", "nobody")[2])


def test_the_output_goes_to_a_file(fizz: Fizz) -> None:
    assert fizz("config", "-o", "out.yaml")[1] == ""
    assert yaml.safe_load(Path("out.yaml").read_text())["name"] == Path.cwd().name
    assert fizz("config", "-q", "-o", "none.yaml")[:2] == (0, "")
    assert not Path("none.yaml").exists()


def test_all_resources_may_stand_before_the_command(fizz: Fizz) -> None:
    assert fizz("--all-resources", "config", "--networks")[1].split() == ["default", "front", "unused"]


def test_an_override_file_of_digests(fizz: Fizz) -> None:
    digest = f"sha256:{64 * '0'}"
    Path("pinned.yaml").write_text(f"services: {{a: {{image: 'me/a:1@{digest}'}}, b: {{build: .}}}}")
    _, out, _ = fizz("config", "-f", "pinned.yaml", "--lock-image-digests")
    assert yaml.safe_load(out) == {"services": {"a": {"image": f"docker.io/me/a@{digest}"}, "b": {}}}
    _, out, _ = fizz("config", "-f", "pinned.yaml", "--resolve-image-digests")
    assert yaml.safe_load(out)["services"]["a"]["image"] == f"docker.io/me/a@{digest}"


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("me/app:2", "docker.io/me/app:2"),
        ("localhost/app", "localhost/app:latest"),
        ("host:5000/me/app:2", "host:5000/me/app:2"),
        ("index.docker.io/nginx:1", "docker.io/library/nginx:1"),
    ],
)
def test_full_names_of_images(image: str, name: str) -> None:
    assert full_name(image) == name


def test_every_image_is_asked_for_once() -> None:
    asked: list[str] = []

    def ask(name: str) -> str:
        asked.append(name)
        return "sha256:1"

    images = {"web": "nginx", "proxy": "nginx:latest", "app": "ghcr.io/me/app:2"}
    assert pinned(images, ask) == {
        "web": "docker.io/library/nginx:latest@sha256:1",
        "proxy": "docker.io/library/nginx:latest@sha256:1",
        "app": "ghcr.io/me/app:2@sha256:1",
    }
    assert sorted(asked) == ["docker.io/library/nginx:latest", "ghcr.io/me/app:2"]


def test_what_no_registry_knows_ends_it() -> None:
    def ask(name: str) -> str:
        raise Failure(f"cannot tell the digest of {name}")

    with pytest.raises(Failure, match=r"digest of docker\.io/library/nginx:latest"):
        pinned({"web": "nginx"}, ask)
