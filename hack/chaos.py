"""Chaos over real apps on an engine of its own; see tests/e2e/chaos/run.py for what is done and what must hold.

Run by `hack/chaos`, which gives it a network namespace of its own: the kernel's rules are disturbed, too.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.chaos import apps
from tests.e2e.chaos.disturbances import DISTURBANCES, Lab
from tests.e2e.chaos.run import NotConverged, run
from tests.e2e.harness import Server
from tests.e2e.private_engine import PrivateEngine

APPS = {"shop": (apps.shop, ["busybox"]), "wordpress": (apps.wordpress, ["wordpress", "mariadb:10.11"])}
_UNITS = {"s": 1, "m": 60, "h": 3600}


def _seconds(context: click.Context, parameter: click.Parameter, value: str) -> int:
    found = re.fullmatch(r"(\d+)([smh])", value)
    if not found:
        raise click.BadParameter(f"{value!r} is not a time, as 40s or 10m")
    return int(found[1]) * _UNITS[found[2]]


@click.command()
@click.option("--duration", default="10m", callback=_seconds, help="How long, as 40s or 10m.")
@click.option("--app", "names", multiple=True, type=click.Choice(list(APPS)), help="Only this app; may be repeated.")
@click.option("--only", multiple=True, type=click.Choice(list(DISTURBANCES)), help="Only this; may be repeated.")
@click.option("--seed", type=int, help="Of the dice; a new one each time if absent, and printed.")
@click.option("--keep", is_flag=True, help="Leave the folder of the server, with its log, after a failure.")
def main(duration: int, names: tuple[str, ...], only: tuple[str, ...], seed: int | None, keep: bool) -> None:
    """Bring chaos over apps, under request load, and say how they got over it."""
    seed = Random().randrange(1_000_000) if seed is None else seed
    click.echo(f"chaos for {duration} s, --seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="fizz-chaos-"))
    engine = PrivateEngine(own_network=False)
    engine.start()
    server = Server(folder, engine.client)
    server.fizz.environment["DOCKER_HOST"] = engine.url
    failed = True
    try:
        chosen = [APPS[name] for name in names or APPS]
        for image in [image for _, images in chosen for image in images]:
            engine.load(image)
        server.start()
        lab = Lab(server, engine, [make(folder) for make, _ in chosen], Random(seed))
        click.echo(run(lab, duration, click.echo, only))
        failed = False
    except NotConverged as problem:
        sys.exit(f"error: {problem}\n{server.tail()}")
    finally:
        server.stop()
        engine.destroy()
        if failed and keep:
            click.echo(f"kept: {folder}")
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main(prog_name="hack/chaos")
