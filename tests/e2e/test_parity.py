"""A part of `hack/compose-parity --inspect`: the engine has the same after Fizz and after Docker Compose."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Server
from tests.parity.compare import Verdict, compare
from tests.parity.corpus import read_cases
from tests.parity.inspections import RUN, run_and_inspect
from tests.parity.oracle import find_compose

CASES = ("everything", "namespaces", "volumes")


@pytest.fixture(scope="module")
def compose() -> str:
    return find_compose(os.environ)


@pytest.fixture(scope="module")
def server(make_server: Callable[[], Server]) -> Server:
    """A server that lets the engine publish ports, as docker compose does."""
    made = make_server()
    made.start("--ingress", "engine")
    return made


@pytest.mark.parametrize("name", CASES)
def test_the_engine_has_the_same_as_after_compose(name: str, compose: str, server: Server) -> None:
    (case,) = [each for each in read_cases(RUN) if each.name == name]
    fizz = str(Path(sys.executable).with_name("fizz"))
    verdict, lines = compare(
        case,
        run_and_inspect(case, compose, os.environ),
        run_and_inspect(case, fizz, server.fizz.environment),
        strict=True,
    )
    assert verdict is Verdict.AGREE, "\n".join(lines)
