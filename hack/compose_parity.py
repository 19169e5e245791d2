"""Compares Fizz with Docker Compose, case by case; see tests/parity/corpus.py for what a case is.

Fails if they disagree about a case that tests/parity/deliberate.toml does not list, or agree about one that it does.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.parity.compare import Verdict, compare
from tests.parity.corpus import CASES, Answer, Case, read_cases
from tests.parity.hunt import hunt
from tests.parity.inspections import RUN, fizz_server, run_and_inspect
from tests.parity.oracle import NoCompose, ask_compose, find_compose
from tests.parity.stored import deliberate, expected, is_meant, save_expected
from tests.parity.subject import ask_fizz

_LINES = 12  # of what explains one verdict

Result = tuple[Case, Verdict, list[str]]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path, resolve_path=True))
@click.option("--only", multiple=True, metavar="PATTERN", help="Cases whose name matches; may be repeated.")
@click.option("--list", "listing", is_flag=True, help="Say which cases there are, and what they show.")
@click.option("--cached", is_flag=True, help="Ask the stored answers in tests/parity/expected instead of compose.")
@click.option("--save-oracle", is_flag=True, help="Store compose's answers to the whole corpus.")
@click.option("--strict", is_flag=True, help="Forgive nothing, not even what compose gets wrong in JSON.")
@click.option("--inspect", is_flag=True, help="Run tests/parity/run by both, and compare what the engine then has.")
@click.option("--mutants", default=0, metavar="N", help="Ask about N files that are made of these by changing them.")
@click.option("--seed", default=0, show_default=True, help="Another one makes other mutants.")
@click.option("--full", is_flag=True, help="Show all that differs, however long.")
def main(
    paths: tuple[Path, ...],
    only: tuple[str, ...],
    listing: bool,
    cached: bool,
    save_oracle: bool,
    strict: bool,
    inspect: bool,
    mutants: int,
    seed: int,
    full: bool,
) -> None:
    """Compare Fizz with Docker Compose over the corpus, or over other compose FILES and folders of them."""
    folders = paths or ((RUN,) if inspect else (CASES,))
    cases = [case for path in folders for case in read_cases(path)]
    cases = sorted((case for case in cases if _wanted(case, only)), key=lambda case: case.name)
    if listing:
        for case in cases:
            click.echo(f"{case.name:44} {case.about}")
        return
    limit = None if full else _LINES
    try:
        if inspect:
            sys.exit(_report(_inspected(cases, find_compose(os.environ)), deliberate("run"), limit))
        if mutants:
            sys.exit(_hunted(cases, find_compose(os.environ), mutants, seed, limit))
        answers = list(_stored(cases) if cached else _asked(cases, partial(ask_compose, find_compose(os.environ))))
    except NoCompose as problem:
        sys.exit(f"error: {problem}")
    if save_oracle:
        if paths or only or cached:
            sys.exit("error: --save-oracle asks about the whole corpus, so it takes neither cases nor --cached")
        save_expected(answers)
        return
    found = ((case, *compare(case, compose, ask_fizz(case), strict=strict)) for case, compose in answers)
    sys.exit(_report(found, {} if paths else deliberate("config"), limit))


def _wanted(case: Case, only: tuple[str, ...]) -> bool:
    return not only or any(fnmatch(case.name, pattern) for pattern in only)


def _asked(cases: Iterable[Case], ask: Callable[[Case], Answer]) -> Iterator[tuple[Case, Answer]]:
    cases = list(cases)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(cases, pool.map(ask, cases), strict=True)


def _stored(cases: Iterable[Case]) -> Iterator[tuple[Case, Answer]]:
    known = expected()
    for case in cases:
        if case.name not in known:
            sys.exit(f"error: there is no stored answer to {case.name}; hack/compose-parity --save-oracle asks for it")
        yield case, known[case.name]


def _inspected(cases: Iterable[Case], compose: str) -> Iterator[Result]:
    fizz = str(Path(sys.executable).with_name("fizz"))
    with fizz_server(fizz) as environ:
        for case in cases:
            one = run_and_inspect(case, compose, os.environ)
            yield case, *compare(case, one, run_and_inspect(case, fizz, environ), strict=True)


def _hunted(cases: Iterable[Case], compose: str, count: int, seed: int, limit: int | None) -> int:
    """Print each kind of disagreement about mutants of the cases' files once. 1 if there is one that is not meant."""
    folders = sorted({case.directory for case in cases})
    texts = [path.read_text(errors="replace") for each in folders for path in sorted(each.glob("*.y*ml"))]
    wrong = meant = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        asks = (partial(ask_compose, compose), ask_fizz)
        for found in hunt(texts, Path(folder).resolve(), asks, count, seed, pool, is_meant):
            if found.meant:
                meant += 1
                continue
            wrong += 1
            click.echo(f"{found.verdict.value}: {' '.join(found.flags) or 'no flags'}")
            for line in (*found.lines[:limit], *"---\n".join(found.texts).splitlines()):
                click.echo(f"    {line}")
    click.echo(f"{count} mutants: {wrong} kinds of disagreement, and {meant} that are meant")
    return 1 if wrong else 0


def _report(found: Iterable[Result], meant: dict[str, str], limit: int | None) -> int:
    """Print what disagrees, and then how many do. 1 if that is not as it should be."""
    counts = {verdict.value: 0 for verdict in Verdict} | {"deliberate": 0}
    wrong = 0
    for case, verdict, lines in found:
        differs, expected_to = verdict is not Verdict.AGREE, case.name in meant
        counts["deliberate" if differs and expected_to else verdict.value] += 1
        if differs == expected_to:
            continue
        wrong += 1
        click.echo(f"{verdict.value}: {case.name}" + (", but it is listed as deliberate" if expected_to else ""))
        for line in lines[:limit]:
            click.echo(f"    {line}")
        if limit and len(lines) > limit:
            click.echo(f"    ... and {len(lines) - limit} more")
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()) + f": {sum(counts.values())} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    main(prog_name="hack/compose-parity")
