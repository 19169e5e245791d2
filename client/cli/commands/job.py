"""`fizz job`: what comes to an end. Jobs and schedules, their runs, and starting and pausing them by hand."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import click

from fizz.client.api import AlreadyExists, Client, EventType, NotFound
from fizz.client.cli import jobs, jobstates
from fizz.client.cli.apply import built_in
from fizz.client.cli.changes import changes
from fizz.client.cli.containers import in_order, in_words
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import Form, as_list, parse_output, write
from fizz.client.cli.logstream import LogFollower, LogOptions, Selection
from fizz.client.cli.logtext import LogText
from fizz.client.cli.options import SECONDS, Options, connection_options, output_option, pass_options, project_options
from fizz.client.cli.place import namespace_of
from fizz.client.cli.rollout import is_observed
from fizz.client.cli.session import run
from fizz.client.cli.tables import table
from fizz.schemas import labels, times
from fizz.schemas.jobs import CronJob
from fizz.schemas.names import to_name
from fizz.schemas.types import JSON

__all__ = ["command"]

_JOB: Final = built_in("Job")
_CRON_JOB: Final = built_in("CronJob")
_CONTAINER: Final = built_in("Container")
_TRIES: Final = 3

_namespace_option = click.option(
    "-n", "--namespace", metavar="NAME", help="Namespace; that of the project here if not given."
)


@click.group("job")
def command() -> None:
    """Jobs and schedules: what there is, what came of it, and starting and pausing it by hand."""


@command.command("ls")
@_namespace_option
@output_option
@project_options
@connection_options
@pass_options
def ls(options: Options, namespace: str | None, output: str) -> None:
    """List jobs and schedules, with their last and next runs."""
    form = parse_output(output)
    place = namespace_of(options, namespace)

    async def read(client: Client) -> tuple[list[JSON], list[JSON]]:
        kinds = (_CRON_JOB, _JOB, _CONTAINER)
        timed, single, containers = await asyncio.gather(*(client.list(kind, place) for kind in kinds))
        return [*timed.items, *single.items], containers.items

    items, containers = run(options, read)
    if form.form in {Form.TABLE, Form.WIDE}:
        click.echo(table(jobs.JOBS, jobs.jobs(items, containers, datetime.now(UTC))))
    elif text := write(form, as_list([each for each in items if not each["metadata"].get("ownerReferences")])):
        click.echo(text)


@command.command("history")
@click.argument("name")
@_namespace_option
@output_option
@project_options
@connection_options
@pass_options
def history(options: Options, name: str, namespace: str | None, output: str) -> None:
    """List the runs of a schedule that are kept, the latest first; or the containers of a job."""
    form = parse_output(output)
    place = namespace_of(options, namespace)

    async def read(client: Client) -> tuple[JSON, list[JSON], list[JSON]]:
        item = await _find(client, name, place)
        owned, containers = await asyncio.gather(client.list(_JOB, place), client.list(_CONTAINER, place))
        return item, [each for each in owned.items if jobs.is_owned(each, item)], in_order(containers.items)

    item, owned, containers = run(options, read)
    mine = [each for each in containers if jobs.is_owned(each, item)]
    is_schedule = item["kind"] == "CronJob"
    if form.form not in {Form.TABLE, Form.WIDE}:
        if text := write(form, as_list(owned if is_schedule else mine)):
            click.echo(text)
        return
    now = datetime.now(UTC)
    rows = jobs.runs(owned, containers, now) if is_schedule else jobs.attempts(mine, now)
    click.echo(table(jobs.RUNS if is_schedule else jobs.ATTEMPTS, rows))


@command.command("run")
@click.argument("name")
@click.option("--wait", is_flag=True, help="Wait for its end. The exit code is 1 if it fails.")
@click.option("--follow", is_flag=True, help="Show what it writes until its end. Implies --wait.")
@click.option("--timeout", type=SECONDS, metavar="DURATION", help="Give up waiting after that time, as 10m.")
@_namespace_option
@project_options
@connection_options
@pass_options
def run_(options: Options, name: str, wait: bool, follow: bool, timeout: float | None, namespace: str | None) -> None:
    """Run a schedule now, besides its times; or run a job again."""
    place = namespace_of(options, namespace)

    async def whole(client: Client) -> None:
        item = await _find(client, name, place)
        started = await (_start(client, item) if item["kind"] == "CronJob" else _again(client, item))
        job = str(started["metadata"]["name"])
        if follow:
            await _followed(client, started, timeout)
        elif wait:
            await _ended(client, started, timeout)
        else:
            click.echo(f"`fizz logs {job}` shows what it writes")

    run(options, whole)


async def _start(client: Client, item: JSON) -> JSON:
    """A run of the schedule."""
    cron_job = CronJob.load(item)
    for _ in range(_TRIES):
        job = jobs.manual_run(cron_job, secrets.token_hex(3))
        try:
            made = await client.create(job)
        except AlreadyExists:
            continue
        click.echo(f"job/{made.name} created")
        return made.dump()
    raise Failure(f"no name is free for a run of {cron_job.name}; try again")


async def _again(client: Client, item: JSON) -> JSON:
    """The job, beginning anew."""
    metadata = item["metadata"]
    mark = {"annotations": {labels.RUN_AT: times.format_micro(datetime.now(UTC))}}
    patch: JSON = {"spec": {"template": {"metadata": mark}}}
    changed = await client.patch(_JOB, metadata["name"], patch, metadata["namespace"])
    click.echo(f"job/{metadata['name']} runs again")
    return changed


async def _followed(client: Client, job: JSON, timeout: float | None) -> None:
    """Show what it writes until it ends."""
    metadata = job["metadata"]
    selection = Selection(metadata["namespace"], services=frozenset({metadata["name"]}))
    follower = LogFollower(client, selection, LogOptions(since=datetime.now(UTC)), LogText().write)
    logs = asyncio.create_task(follower.run())
    try:
        await _ended(client, job, timeout, follower)
    finally:
        logs.cancel()
        await asyncio.gather(logs, return_exceptions=True)


async def _ended(client: Client, job: JSON, timeout: float | None, follower: LogFollower | None = None) -> None:
    """Until the job has ended. Raises `Failure` if not well, or not in time."""
    try:
        async with asyncio.timeout(timeout):
            end = await _end_of(client, job)
    except TimeoutError:
        raise Failure(f"job {job['metadata']['name']} has not ended after {timeout:g} s; it goes on") from None
    if follower is not None:
        await follower.drain()
    containers = (await client.list(_CONTAINER, job["metadata"]["namespace"])).items
    if failure := jobstates.failure_of(end):
        raise Failure(f"job {job['metadata']['name']} failed: {in_words(failure, containers)}")
    click.echo(f"job/{job['metadata']['name']} succeeded")


async def _end_of(client: Client, job: JSON) -> JSON:
    """The job as it is at its end. One that goes after its end, by its time to live, is told as it was before."""
    metadata = job["metadata"]
    async with aclosing(changes(client, [_JOB], metadata["namespace"])) as events:
        complete = False
        there = False
        async for event in events:
            complete = complete or event is None
            if event is not None and event.object["metadata"]["name"] == metadata["name"]:
                item = event.object
                there = event.type is not EventType.DELETED
                if is_observed(item) and (jobstates.is_complete(item) or jobstates.has_failed(item)):
                    return item
            if complete and not there:
                raise Failure(f"job {metadata['name']} was removed meanwhile")
    raise AssertionError("changes never end")


@command.command("suspend")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_namespace_option
@project_options
@connection_options
@pass_options
def suspend(options: Options, names: tuple[str, ...], namespace: str | None) -> None:
    """Start no further runs of schedules; stop the containers of jobs until they are resumed."""
    _set_suspend(options, names, namespace, suspend=True)


@command.command("resume")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_namespace_option
@project_options
@connection_options
@pass_options
def resume(options: Options, names: tuple[str, ...], namespace: str | None) -> None:
    """Go on with what was suspended. Of the runs that a schedule missed meanwhile, the last is made up for."""
    _set_suspend(options, names, namespace, suspend=False)


def _set_suspend(options: Options, names: Sequence[str], namespace: str | None, *, suspend: bool) -> None:
    place = namespace_of(options, namespace)

    async def whole(client: Client) -> None:
        items = [await _find(client, name, place) for name in names]  # all, before one is changed
        for item in items:
            kind = _CRON_JOB if item["kind"] == "CronJob" else _JOB
            await client.patch(kind, item["metadata"]["name"], {"spec": {"suspend": suspend}}, place)
            click.echo(f"{kind.singular}/{item['metadata']['name']} {'suspended' if suspend else 'resumed'}")

    run(options, whole)


async def _find(client: Client, name: str, namespace: str) -> JSON:
    """The CronJob or Job of a service, or of that name. Raises `Failure` saying which there are."""
    for kind in (_CRON_JOB, _JOB):
        try:
            return await client.get(kind, to_name(name), namespace)
        except NotFound:
            continue
    lists = await asyncio.gather(*(client.list(kind, namespace) for kind in (_CRON_JOB, _JOB)))
    there = [item["metadata"]["name"] for listed in lists for item in listed.items]
    raise Failure(f"there is no job or schedule {name!r} in {namespace}; there are: {', '.join(there) or 'none'}")
