"""What compose prints, but no engine runs: it is printed, and refused with its place where it would be run."""

import pytest

from fizz.client.compose import LoadOptions, MemoryFilesystem, TranslateError, load, translate


def refusals(text: str) -> list[str]:
    """What is told when the project is turned into resources."""
    loaded = load(LoadOptions(), {}, MemoryFilesystem({"/project/compose.yaml": text}))
    assert loaded.project is not None, [problem.format() for problem in loaded.problems]
    try:
        translate(loaded.project)
    except TranslateError as error:
        return [problem.format() for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "image",
    [
        "UPPER/Case::bad", "Nginx", "nginx:", "nginx:-1", "a//b", "/a", "a/", "registry.example.org/A", "a:b:c", "a b",
        "nginx@sha256:1", f"nginx:{'1' * 129}", "-a", "a_-b",
    ],
)  # fmt: skip
def test_names_that_no_image_can_have(image: str) -> None:
    (told,) = refusals(f"services:\n  web: {{image: '{image}'}}\n")
    assert told == (
        "compose.yaml:2:16: services.web.image must be the name of an image like nginx:1.27 or "
        f'registry.example.org/team/app:v2, not "{image}"'
    )


@pytest.mark.parametrize(
    "image",
    [
        "nginx", "nginx:1.27-alpine", "team/app", "localhost/a", "localhost:5000/a:b", "registry.example.org/a/b/c",
        "REGISTRY.example.org/a", "a__b/c-d---e.f:V_1", f"a@sha256:{'0' * 64}", f"a:1@sha256:{'0' * 64}", "[::1]:80/a",
        "127.0.0.1:5000/a", f"sha256:{'0' * 64}", "UPPER/a",
    ],
)  # fmt: skip
def test_names_of_images(image: str) -> None:
    assert refusals(f"services:\n  web: {{image: '{image}'}}\n") == []


def test_an_empty_source_is_not_taken_for_the_whole_project() -> None:
    told = refusals("services:\n  web: {image: a, volumes: [{type: bind, source: '', target: /a}]}\n")
    assert told == [
        "compose.yaml:2:50: services.web.volumes[0].source is empty, which stands for the whole folder of the project; "
        "name a path on the host"
    ]


def test_an_empty_file_of_a_secret_is_not_taken_for_a_folder() -> None:
    told = refusals("services:\n  web: {image: a, secrets: [s]}\nsecrets:\n  s: {file: ''}\n")
    assert told == ["compose.yaml:4:13: secrets.s.file is empty; name a file"]


def test_a_time_after_which_no_image_can_be_refreshed() -> None:
    told = refusals("services:\n  web: {image: a, pull_policy: refresh, pull_refresh_after: soon}\n")
    assert told == [
        'compose.yaml:2:61: services.web.pull_refresh_after must be a time like 12h, 1d or 1h30m, not "soon"'
    ]
