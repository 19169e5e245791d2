"""Finding a project: its files, folder, variables, profiles and name."""

from collections.abc import Mapping
from typing import Any

import pytest

from fizz.client.compose import Loaded, LoadOptions, MemoryFilesystem, load

WEB = "services: {web: {image: x}}"


def find(
    contents: Mapping[str, str],
    /,
    *,
    cwd: str = "/srv/shop",
    environ: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    **options: Any,
) -> Loaded:
    return load(
        LoadOptions(**options),
        {"HOME": "/home/me", **(environ or {})},
        MemoryFilesystem(contents, cwd=cwd, stdin=stdin),
    )


def lines(loaded: Loaded) -> list[str]:
    return [problem.format() for problem in loaded.problems]


def image(loaded: Loaded) -> str:
    assert loaded.project, lines(loaded)
    return str(loaded.project.services["web"]["image"])


@pytest.mark.parametrize("name", ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"])
def test_the_usual_names_are_found(name: str) -> None:
    loaded = find({f"/srv/shop/{name}": WEB})
    assert loaded.project
    assert loaded.project.files == (name,)


def test_the_first_of_several_names_is_used_with_a_warning() -> None:
    loaded = find({"/srv/shop/docker-compose.yml": WEB, "/srv/shop/compose.yml": WEB})
    assert loaded.project
    assert loaded.project.files == ("compose.yml",)
    assert lines(loaded) == [
        "warning: compose.yml is used; there are other compose files beside it: docker-compose.yml"
    ]


def test_an_override_file_is_merged() -> None:
    override = "services: {web: {image: y}}"
    loaded = find({"/srv/shop/docker-compose.yml": WEB, "/srv/shop/docker-compose.override.yaml": override})
    assert image(loaded) == "y"


def test_folders_above_are_searched() -> None:
    loaded = find({"/srv/compose.yaml": WEB}, cwd="/srv/shop/deep")
    assert loaded.project
    assert loaded.project.directory == "/srv"
    assert loaded.project.files == ("/srv/compose.yaml",)
    assert loaded.project.name == "srv"


def test_no_file_is_an_error_that_says_what_to_do() -> None:
    assert lines(find({})) == [
        "there is no compose file in /srv/shop or above it; make a compose.yaml, or name a file with -f"
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("nope.yml",), "there is no file nope.yml"),
        (("/srv/shop/dir",), "the file dir cannot be read: Is a directory"),
    ],
    ids=["missing", "folder"],
)
def test_a_file_that_cannot_be_read(files: tuple[str, ...], message: str) -> None:
    assert lines(find({"/srv/shop/dir/x": ""}, files=files)) == [message]


def test_named_files_are_merged_in_order_and_relative_to_the_first() -> None:
    files = {
        "/srv/a/one.yml": "services: {web: {image: x, volumes: [./v:/v]}}",
        "/srv/b/two.yml": "services: {web: {image: y, volumes: [./w:/w]}}",
    }
    loaded = find(files, files=("../a/one.yml", "../b/two.yml"))
    assert image(loaded) == "y"
    assert loaded.project
    assert [mount["source"] for mount in loaded.project.services["web"]["volumes"]] == ["/srv/a/v", "/srv/a/w"]
    assert loaded.project.name == "a"


def test_standard_input_is_a_file() -> None:
    loaded = find({}, files=("-",), stdin=b"services: {web: {image: 1}}")
    assert lines(loaded) == [
        "<stdin>:1:25: services.web.image must be a string, not the number 1; write it in quotes",
    ]


def test_the_project_directory_can_be_chosen() -> None:
    files = {"/srv/x/c.yml": "services: {web: {image: $TAG, volumes: [./v:/v]}}", "/srv/pd/.env": "TAG=pd"}
    loaded = find(files, files=("../x/c.yml",), project_directory="../pd")
    assert image(loaded) == "pd"
    assert loaded.project
    assert loaded.project.services["web"]["volumes"][0]["source"] == "/srv/pd/v"
    assert loaded.project.name == "pd"


@pytest.mark.parametrize(
    ("environ", "files"),
    [
        ({"COMPOSE_FILE": "a.yml:b.yml"}, ("a.yml", "b.yml")),
        ({"COMPOSE_FILE": "a.yml,b.yml", "COMPOSE_PATH_SEPARATOR": ","}, ("a.yml", "b.yml")),
    ],
    ids=["colon", "separator"],
)
def test_compose_file_names_files(environ: Mapping[str, str], files: tuple[str, ...]) -> None:
    loaded = find({"/srv/shop/a.yml": WEB, "/srv/shop/b.yml": WEB}, environ=environ)
    assert loaded.project
    assert loaded.project.files == files


def test_a_dotenv_file_may_say_which_compose_file_to_use() -> None:
    files = {
        "/srv/shop/.env": "COMPOSE_FILE=sub/c.yml\nTAG=outer",
        "/srv/shop/sub/c.yml": "services: {web: {image: '$TAG-$INNER'}}",
        "/srv/shop/sub/.env": "TAG=inner\nINNER=yes",
    }
    assert image(find(files)) == "outer-yes"


@pytest.mark.parametrize(
    ("environ", "options", "expected"),
    [
        ({}, {}, "dotenv"),
        ({"TAG": "process"}, {}, "process"),
        ({}, {"env_files": ("one.env",)}, "one"),
        ({}, {"env_files": ("one.env", "two.env")}, "two-one"),
        ({"COMPOSE_ENV_FILES": "one.env,two.env"}, {}, "two-one"),
        ({"COMPOSE_DISABLE_ENV_FILE": "1", "TAG": "t"}, {}, "t"),
    ],
    ids=["dotenv", "process", "env-file", "two-env-files", "variable", "disabled"],
)
def test_variables_come_from_several_places(environ: Mapping[str, str], options: dict[str, Any], expected: str) -> None:
    files = {
        "/srv/shop/compose.yaml": "services: {web: {image: '${TAG}'}}",
        "/srv/shop/.env": "TAG=dotenv",
        "/srv/shop/one.env": "TAG=one\nBASE=one",
        "/srv/shop/two.env": "TAG=two-$BASE",
    }
    assert image(find(files, environ=environ, **options)) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A B=1", '.env:1:1: the name "A B" contains a space'),
        ("\nA='x", ".env:2:3: a quote is not closed: 'x"),
    ],
    ids=["space", "quote"],
)
def test_a_bad_dotenv_file_has_a_place(text: str, problem: str) -> None:
    assert lines(find({"/srv/shop/compose.yaml": WEB, "/srv/shop/.env": text})) == [problem]


def test_a_named_env_file_must_exist() -> None:
    loaded = find({"/srv/shop/compose.yaml": WEB}, env_files=("nope.env",))
    assert lines(loaded) == ["there is no env file nope.env"]


@pytest.mark.parametrize(
    ("options", "environ", "top", "cwd", "name"),
    [
        ({}, {}, "", "/srv/shop", "shop"),
        ({}, {}, "", "/srv/My Proj.X_1", "myprojx_1"),
        ({}, {}, "", "/srv/_-Abc", "abc"),
        ({}, {}, "name: Foo Bar\n", "/srv/shop", "foobar"),
        ({}, {}, "name: ${A:-x}-y\n", "/srv/shop", "x-y"),
        ({}, {"COMPOSE_PROJECT_NAME": "env"}, "name: file\n", "/srv/shop", "env"),
        ({"project_name": "flag"}, {"COMPOSE_PROJECT_NAME": "env"}, "name: file\n", "/srv/shop", "flag"),
    ],
    ids=["folder", "folder-cleaned", "folder-trimmed", "file", "file-variable", "environment", "flag"],
)
def test_the_name(options: dict[str, Any], environ: Mapping[str, str], top: str, cwd: str, name: str) -> None:
    text = f"{top}services: {{web: {{image: 'x:${{COMPOSE_PROJECT_NAME}}'}}}}"
    loaded = find({f"{cwd}/compose.yaml": text}, cwd=cwd, environ=environ, **options)
    assert loaded.project, lines(loaded)
    assert loaded.project.name == name
    assert image(loaded) == f"x:{name}"


@pytest.mark.parametrize(
    ("options", "environ", "cwd", "problem"),
    [
        (
            {"project_name": "Z.Z"},
            {},
            "/srv/shop",
            'the project name "Z.Z" from the flag -p must consist of lower case letters, digits, dashes and '
            "underscores, and begin with a letter or digit",
        ),
        (
            {},
            {"COMPOSE_PROJECT_NAME": "-a"},
            "/srv/shop",
            'the project name "-a" from the variable COMPOSE_PROJECT_NAME must consist of lower case letters, digits, '
            "dashes and underscores, and begin with a letter or digit",
        ),
        ({}, {}, "/srv/...", 'the folder "/srv/..." gives the project no name; give it one with -p or with name:'),
    ],
    ids=["flag", "environment", "folder"],
)
def test_a_bad_name(options: dict[str, Any], environ: Mapping[str, str], cwd: str, problem: str) -> None:
    loaded = find({f"{cwd}/compose.yaml": WEB}, cwd=cwd, environ=environ, **options)
    assert lines(loaded) == [problem]


@pytest.mark.parametrize(
    ("options", "environ", "services"),
    [
        ({}, {}, ["c"]),
        ({"profiles": ("p",)}, {}, ["a", "b", "c"]),
        ({"profiles": ("q",)}, {"COMPOSE_PROFILES": "p"}, ["b", "c"]),
        ({}, {"COMPOSE_PROFILES": "x, p"}, ["a", "b", "c"]),
        ({"profiles": ("*",)}, {}, ["a", "b", "c"]),
    ],
    ids=["none", "flag", "flag-over-environment", "environment", "all"],
)
def test_profiles(options: dict[str, Any], environ: Mapping[str, str], services: list[str]) -> None:
    text = "services: {a: {image: x, profiles: [p]}, b: {image: y, profiles: [q, p]}, c: {image: z}}"
    loaded = find({"/srv/shop/compose.yaml": text}, environ=environ, **options)
    assert loaded.project
    assert sorted(loaded.project.services) == services
    assert loaded.project.all_profiles == ("p", "q")
    assert set(loaded.project.disabled) == {"a", "b", "c"} - set(services)
