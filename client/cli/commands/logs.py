"""`fizz logs`: what the containers wrote."""

import asyncio
import re
import sys
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from fizz.client.api import Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import in_order, service_of, short_name
from fizz.client.cli.failures import Failure
from fizz.client.cli.logstream import LogFollower, LogOptions, Selection, read_logs
from fizz.client.cli.logtext import LogText
from fizz.client.cli.options import Options, connection_options, pass_options, project_options_long
from fizz.client.cli.place import namespace_of
from fizz.client.cli.project import project_namespace, project_selector, the_project_name
from fizz.client.cli.session import run
from fizz.schemas import labels, times
from fizz.schemas.durations import parse_duration
from fizz.schemas.types import JSON

__all__ = ["command", "parse_since", "parse_tail"]


def parse_tail(text: str) -> int | None:
    """`all` or a number of lines. Raises `click.UsageError`."""
    if text == "all":
        return None
    if not text.isdigit():
        raise click.UsageError(f"--tail {text!r} is neither a number nor all")
    return int(text)


def parse_since(text: str | None, now: datetime, flag: str = "--since") -> datetime | None:
    """`10m`, a number of seconds since 1970, or a time. Raises `click.UsageError`."""
    if not text:
        return None
    try:
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        if text[0].isdigit() and "-" not in text:
            return now - timedelta(microseconds=parse_duration(text) / 1000)
        return times.parse(text)
    except ValueError:
        raise click.UsageError(f"{flag} {text!r} is neither like 10m nor like 2026-01-31T09:30:00Z") from None


@click.command("logs")
@click.argument(
    "words",
    nargs=-1,
    metavar="[SERVICE | deployment/NAME | job/NAME | container/NAME]...",
    shell_complete=complete_services,
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written, until Ctrl-C.")
@click.option("-n", "--tail", default="all", metavar="N", help="The last N lines of each container, or all.")
@click.option("--since", metavar="TIME", help="Only what was written since then: 10m, or 2026-01-31T09:30:00Z.")
@click.option("--until", metavar="TIME", help="Only what was written before: as in --since; -f ends then.")
@click.option("--index", type=click.IntRange(1), metavar="N", help="Only of each service's container of this number.")
@click.option("-t", "--timestamps", is_flag=True, help="Show when each line was written.")
@click.option("--no-log-prefix", is_flag=True, help="Do not say which container wrote a line.")
@click.option("--no-color", is_flag=True, help="No colours.")
@click.option("--namespace", metavar="NAME", help="Namespace, where no compose project is meant.")
@project_options_long
@connection_options
@pass_options
def command(
    options: Options,
    words: tuple[str, ...],
    follow: bool,
    tail: str,
    since: str | None,
    until: str | None,
    index: int | None,
    timestamps: bool,
    no_log_prefix: bool,
    no_color: bool,
    namespace: str | None,
) -> None:
    """Show what the containers wrote: all of the project, or those of some services."""
    now = datetime.now(UTC)
    end = parse_since(until, now, "--until")
    wanted = LogOptions(parse_tail(tail), parse_since(since, now), end)
    if namespace or (words and all("/" in word for word in words)):
        place, selector = namespace_of(options, namespace), None
    else:
        project = the_project_name(options)
        place, selector = project_namespace(project), project_selector(project)
    colour = sys.stdout.isatty() and not no_color

    async def whole(client: Client) -> None:
        items = in_order((await client.list(built_in("Container"), place, selector)).items)
        selection = replace(select(place, selector, words, items), number=index)
        chosen = [item for item in items if selection.has(item)]
        if words and not follow and not chosen:
            raise _nothing(words, items)
        text = LogText(map(short_name, chosen), prefix=not no_log_prefix, timestamps=timestamps, colour=colour)
        if follow and (end is None or end > now):
            with suppress(TimeoutError):
                async with asyncio.timeout(None if end is None else (end - now).total_seconds()):
                    await LogFollower(client, selection, wanted, text.write).run()
            return
        async with aclosing(read_logs(client, chosen, wanted)) as lines:
            async for line in lines:
                text.write(line)

    run(options, whole)


def select(namespace: str, selector: str | None, words: Sequence[str], items: Sequence[JSON]) -> Selection:
    """The containers that the words mean: services, Deployments, Jobs or Containers. Raises `click.UsageError`."""
    services: set[str] = set()
    names: set[str] = set()
    for word in words:
        kind, slash, name = word.rpartition("/")
        if not slash:
            services.add(word)
        elif kind in {"container", "containers", "co"}:
            names.add(name)
        elif kind in {"deployment", "deployments", "deploy", "service", "services", "svc"}:
            services |= {
                service_of(each) for each in items if each["metadata"]["labels"].get(labels.DEPLOYMENT) == name
            }
            services.add(name)
        elif kind in {"job", "jobs", "cronjob", "cronjobs", "cj"}:
            services.add(name)
        else:
            raise click.UsageError(f"{word!r}: only deployments, services, jobs and containers have logs.")
    return Selection(namespace, selector, frozenset(services), frozenset(names))


def _nothing(words: Sequence[str], items: Sequence[JSON]) -> Failure:
    there = ", ".join(dict.fromkeys(map(service_of, items))) or "none"
    return Failure(f"no containers of {', '.join(words)}; there are containers of: {there}")
