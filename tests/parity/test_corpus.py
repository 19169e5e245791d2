"""Fizz gives the answers that Docker Compose gave to the corpus, but where it means to differ."""

import pytest

from tests.parity.compare import Verdict, compare
from tests.parity.corpus import Case, read_cases
from tests.parity.stored import deliberate, expected
from tests.parity.subject import ask_fizz

CASES = {case.name: case for case in read_cases()}
ANSWERS = expected()
DELIBERATE = deliberate("config")


def test_every_case_has_a_stored_answer_and_every_answer_a_case() -> None:
    assert set(CASES) == set(ANSWERS)
    assert set(DELIBERATE) <= set(CASES)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_fizz_answers_as_compose_does(case: Case) -> None:
    verdict, lines = compare(case, ANSWERS[case.name], ask_fizz(case))
    assert (verdict is Verdict.AGREE) == (case.name not in DELIBERATE), (verdict, lines)


def test_names_say_what_compose_refuses() -> None:
    assert [name for name, case in CASES.items() if case.rejected == ANSWERS[name].accepted] == []
