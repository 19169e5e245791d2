"""Whatever a file holds, loading tells problems and never raises, hangs or grows."""

import random
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fizz.client.compose import Loaded, LoadOptions, MemoryFilesystem, TranslateError, load, render, translate
from fizz.client.compose.dotenv import DotenvError, parse_dotenv, parse_raw
from fizz.client.compose.interpolate import TemplateError, substitute
from fizz.client.compose.spec import PROJECT, SERVICE
from fizz.client.compose.spec.commands import split_command

CORPUS = [path.read_text() for path in sorted((Path(__file__).parent / "corpus").glob("*.yml"))]
KEYS = sorted({path.split(".")[-1].removesuffix("[]") for path, _, _ in PROJECT.attributes()} | {"a", "x-a", "default"})
WORDS = [
    "", "x", "a", "80", "80:80", "a=b", "a:b", "/a", "/a:/b", "./x:/y:ro", "10s", "64m", "all", "no", "service:a",
    "${FOO}", "${X:?e}", "$", "${A:-${B}}", "é\u2028", "\x00",
]  # fmt: skip

scalars = st.one_of(
    st.sampled_from(WORDS), st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=12,
)
services = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.dictionaries(st.sampled_from([*SERVICE.keys]), values))
projects = st.builds(
    lambda parts, rest: {**rest, "services": {name: {"image": "x", **keys} for name, keys in parts.items()}},
    services,
    st.dictionaries(st.sampled_from([*PROJECT.keys]), values, max_size=3),
)


def survives(text: str | bytes, **options: Any) -> Loaded:
    """Load it, and use whatever comes of it."""
    files = {"/p/compose.yaml": text, "/p/a": "A=1\n", "/p/x": "services: {}\n"}
    loaded = load(LoadOptions(**options), {"FOO": "foo", "HOME": "/h"}, MemoryFilesystem(files, cwd="/p"))
    assert (loaded.project is None) == bool(loaded.errors)
    for problem in loaded.problems:
        assert "\n" not in problem.format()
    if loaded.project:
        render(loaded.project)
        with suppress(TranslateError):
            assert [item.dump() for item in translate(loaded.project)]
    return loaded


fuzz = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@fuzz
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    survives(content)


@fuzz
@given(st.text(alphabet="ab:{}[]&*!|>-?,#'\"% \n\t<~$1.x", max_size=120))
def test_any_text_that_looks_like_yaml(text: str) -> None:
    survives(text)


@fuzz
@given(projects, st.booleans())
def test_any_structure(project: dict[str, Any], interpolate: bool) -> None:
    survives(yaml.safe_dump(project, allow_unicode=True), interpolate=interpolate, profiles=("*",))


@pytest.mark.parametrize("seed", range(20))
def test_real_files_with_something_wrong(seed: int) -> None:
    chance = random.Random(seed)
    tokens = re.findall(r"\S+|\s+", " ".join(CORPUS))
    for _ in range(10):
        text = list(chance.choice(CORPUS))
        for _ in range(chance.randint(1, 5)):
            place = chance.randrange(len(text) + 1)
            if chance.random() < 0.5:
                text[place:place] = chance.choice(tokens)
            else:
                del text[place : place + chance.randint(1, 9)]
        survives("".join(text))


@fuzz
@given(st.text(alphabet="$${}ABx_:-+?1 \n", max_size=40))
def test_any_text_with_variables(text: str) -> None:
    with suppress(TemplateError):
        assert "$" in text or substitute(text, {"A": "1", "B": ""}.get) == text
        substitute(text, {"A": "1", "B": ""}.get)


@fuzz
@given(st.text(alphabet="AB=:#'\"\\$n{} \n\texport", max_size=60))
def test_any_file_of_variables(text: str) -> None:
    for parse in (parse_dotenv, parse_raw):
        with suppress(DotenvError):
            found = parse(text, {"A": "1"}.get)
            assert all(isinstance(value, str) for value in found.values())


@fuzz
@given(st.text(alphabet="ab '\"\\`$()|;&<>2\n", max_size=30))
def test_any_command(text: str) -> None:
    try:
        words, dropped = split_command(text)
    except ValueError:
        return
    assert len(" ".join(words)) + len(dropped) <= len(text) + len(words)


@fuzz
@given(projects)
def test_what_is_printed_is_read_again_as_the_same(project: dict[str, Any]) -> None:
    first = survives(yaml.safe_dump(project, allow_unicode=True))
    if first.project is None:
        return
    printed = render(first.project)
    second = survives(yaml.safe_dump(printed, allow_unicode=True))
    assert second.project, [problem.format() for problem in second.problems]
    assert render(second.project) == printed
