"""Whatever a file holds, loading tells problems and never raises, hangs or grows."""

import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fizz.client.compose import render
from fizz.client.compose.dotenv import DotenvError, parse_dotenv, parse_raw
from fizz.client.compose.interpolate import TemplateError, substitute
from fizz.client.compose.spec.commands import split_command
from tests.client.compose.fuzzing import bomb, mutated, noise, projects, survives, to_text

fuzz = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@fuzz
@given(projects, st.booleans())
def test_any_structure(project: dict[str, Any], interpolate: bool) -> None:
    survives(to_text(project), interpolate=interpolate, profiles=("*",))


@pytest.mark.parametrize("seed", range(20))
def test_real_files_with_something_wrong(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(5):
        survives(mutated(chance))


@pytest.mark.parametrize("seed", range(20))
def test_bytes_that_may_be_yaml(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        survives(noise(chance))


@pytest.mark.parametrize("seed", range(30))
def test_small_files_that_want_to_become_big(seed: int) -> None:
    survives(bomb(random.Random(seed)))


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
    first = survives(to_text(project))
    if first.project is None or any(service.get("network_mode") == "" for service in project["services"].values()):
        return  # compose does not print an empty network_mode, which nevertheless keeps the default network away
    printed = render(first.project)
    second = survives(to_text(printed))
    assert second.project, [problem.format() for problem in second.problems]
    assert render(second.project) == printed
