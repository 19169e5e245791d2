"""Looks for files about which Fizz and Docker Compose disagree, among mutants of the corpus.

Disagreements of one kind are found again and again, so each kind is shown once: two are of one kind if they differ at
the same keys, or if the complaints of the one who rejects are the same but for names. What is shown is the smallest
file that still makes them disagree in this way.
"""

import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.parity.compare import Verdict, compare
from tests.parity.corpus import Answer, Case
from tests.parity.mutants import Mutant, Mutator, reduced

__all__ = ["Disagreement", "hunt"]

_ENV: Final = {"FOO": "foo", "NUM": "3"}
_PART: Final = 64  # mutants that are asked about at once
_NAMES: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|\S*\.yaml(?::\d+:\d+)?:?|\d+|/cases\S*|(?<=services\.)[\w-]+')
_SECTIONS: Final = {"services", "networks", "volumes", "secrets", "configs", "models", "jobs"}
_CRASH: Final = "panic:"

Ask = Callable[[Case], Answer]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Files that the two see differently, what explains it, and its kind."""

    kind: str
    verdict: Verdict
    lines: list[str]
    flags: tuple[str, ...]
    texts: list[str]
    meant: bool


def hunt(
    texts: list[str],
    folder: Path,
    asks: tuple[Ask, Ask],
    count: int,
    seed: int,
    pool: Executor,
    is_meant: Callable[[str], bool],
) -> Iterator[Disagreement]:
    """Make mutants of `texts` in a folder, ask compose and Fizz about each, and tell each kind of disagreement once.

    Compose is asked in the pool. What it crashes at is no answer. What `is_meant` is not made smaller.
    """
    compose, fizz = asks
    mutator, chance = Mutator(texts), random.Random(seed)
    seen: set[str] = set()

    def judged(mutant: Mutant, name: str) -> Disagreement | None:
        case = _write(mutant, folder, name)
        return _judge(mutant, case, compose(case), fizz(case), is_meant)

    for start in range(0, count, _PART):
        mutants = [mutator.make(chance) for _ in range(min(_PART, count - start))]
        cases = [_write(mutant, folder, f"m{index}") for index, mutant in enumerate(mutants)]
        for mutant, case, answer in zip(mutants, cases, pool.map(compose, cases), strict=True):
            found = _judge(mutant, case, answer, fizz(case), is_meant)
            if found is None or found.kind in seen:
                continue
            seen.add(found.kind)
            kind = found.kind
            if found.meant:
                yield found
                continue

            def same(smaller: Mutant, kind: str = kind) -> bool:
                again = judged(smaller, "smaller")
                return again is not None and again.kind == kind

            yield judged(reduced(mutant, same), "smaller") or found


def _write(mutant: Mutant, folder: Path, name: str) -> Case:
    directory = folder / name
    directory.mkdir(exist_ok=True)
    args: list[str] = []
    for index, text in enumerate(mutant.texts()):
        (directory / f"{index}.yaml").write_text(text)
        args += ["-f", f"{index}.yaml"]
    return Case(name, folder, directory, (*args, "-p", "p"), mutant.flags, _ENV)


def _judge(
    mutant: Mutant, case: Case, compose: Answer, fizz: Answer, is_meant: Callable[[str], bool]
) -> Disagreement | None:
    verdict, lines = compare(case, compose, fizz)
    if verdict is Verdict.AGREE or _CRASH in (compose.error or ""):
        return None
    kind = f"{verdict.value} {' '.join(case.config)} {_kind(verdict, lines)}"
    return Disagreement(kind, verdict, lines, mutant.flags, mutant.texts(), is_meant(" ".join([kind, *lines])))


def _kind(verdict: Verdict, lines: list[str]) -> str:
    first = lines[0] if lines else ""
    if verdict is not Verdict.DIFFER:
        return _NAMES.sub("", lines[-1] if verdict is Verdict.ACCEPT_WRONGLY and lines else first)
    section, *rest = first.partition(": ")[0].split(".")
    if section in _SECTIONS and rest:
        rest[0] = "*"
    return ".".join([section, *("*" if step.isdigit() else step for step in rest)])
