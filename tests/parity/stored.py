"""Docker Compose's answers to the corpus, kept so that tests need no compose; and the differences that are meant.

`expected/` has a JSON file for each folder of cases; `hack/compose-parity --save-oracle` writes them. `deliberate.toml`
says of each case that Fizz treats in another way why it does.
"""

import json
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from tests.parity.compare import Verdict, compare
from tests.parity.corpus import Answer, Case

__all__ = ["deliberate", "expected", "is_meant", "save_expected"]

_EXPECTED: Final = Path(__file__).parent / "expected"
_DELIBERATE: Final = Path(__file__).parent / "deliberate.toml"


@cache
def deliberate(what: Literal["config", "run", "mutants"]) -> dict[str, str]:
    """Why Fizz means to differ, by the name of the case: in what it prints, or in what it runs; for mutants by a
    pattern of what explains the disagreement.
    """
    reasons: dict[str, str] = tomllib.loads(_DELIBERATE.read_text())[what]
    return reasons


def is_meant(disagreement: str) -> bool:
    """Whether a disagreement about a mutant, with all that explains it, is of a kind that `deliberate.toml` lists."""
    return any(re.search(pattern, disagreement) for pattern in deliberate("mutants"))


def expected() -> dict[str, Answer]:
    """What compose answered, by the name of the case."""
    answers = {}
    for path in sorted(_EXPECTED.rglob("*.json")):
        topic = path.relative_to(_EXPECTED).with_suffix("").as_posix()
        for name, stored in json.loads(path.read_text()).items():
            answers[f"{topic}/{name}"] = Answer(stored.get("value"), stored.get("error"))
    return answers


def save_expected(answers: Iterable[tuple[Case, Answer]]) -> None:
    """Store what compose answered to all cases.

    An answer that means the same as the stored one does not replace it: the order of some lists and the words of some
    errors are random.
    """
    before = expected()
    topics: dict[str, dict[str, Any]] = {}
    for case, answer in answers:
        topic, _, name = case.name.rpartition("/")
        old = before.get(case.name)
        kept = old if old and compare(case, old, answer)[0] is Verdict.AGREE else answer
        topics.setdefault(topic, {})[name] = {"value": kept.value} if kept.accepted else {"error": kept.error}
    for path in _EXPECTED.rglob("*.json"):
        path.unlink()
    for topic, stored in topics.items():
        path = _EXPECTED / f"{topic}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(stored, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
