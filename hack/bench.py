"""Measures Fizz beside its peers, row by row; see hack/bench_harness.py for how, hack/bench_*.py for what."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from hack.bench_api import ROWS as API
from hack.bench_apps import ROWS as APPS
from hack.bench_config import ROWS as CONFIG
from hack.bench_harness import Row, measure, report

ROWS: Sequence[Row] = [*CONFIG, *API, *APPS]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--rounds", type=click.IntRange(1), help="How often; each row has its own number.")
@click.option("--list", "listing", is_flag=True, help="Say which rows there are.")
def main(names: tuple[str, ...], rounds: int | None, listing: bool) -> None:
    """Measure all rows, or those named. Fails if one of them misses its goal."""
    known = {row.name: row for row in ROWS}
    if listing:
        for row in ROWS:
            click.echo(f"{row.name:14} {row.about}; goal: {row.goal.shown(row.unit)}")
        return
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"there is no row {', '.join(unknown)}; there are {', '.join(known)}")
    results = [measure(known[name], rounds) for name in names or known]
    click.echo(report(results))
    sys.exit(0 if all(result.met for result in results) else 1)


if __name__ == "__main__":
    main(prog_name="hack/bench")
