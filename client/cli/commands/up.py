"""`fizz up`: make the project run as its compose file says, and show how it comes up."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click

from fizz.client.api import Client, EventType
from fizz.client.cli.apply import built_in, result_lines
from fizz.client.cli.autostart import ensure_server
from fizz.client.cli.bringing import Rebuilder
from fizz.client.cli.changes import changes
from fizz.client.cli.commands.plan import show_plan
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import short_name
from fizz.client.cli.deploy import Applied, apply_project, author
from fizz.client.cli.developing import Developer, read_rules
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import name_of
from fizz.client.cli.jobstates import may_go_on
from fizz.client.cli.logstream import LogFollower, LogOptions, Selection
from fizz.client.cli.logtext import LogText
from fizz.client.cli.options import SECONDS, Options, connection_options, pass_options, project_options
from fizz.client.cli.preparing import Preparation, prepare_images
from fizz.client.cli.progress import Progress, progress
from fizz.client.cli.project import Resources, load_options, load_project, project_selector, to_resources
from fizz.client.cli.publishing import cost_of_publishing
from fizz.client.cli.releases import KEEP, Note
from fizz.client.cli.rollback import fall_back
from fizz.client.cli.rollout import Rollout, is_observed
from fizz.client.cli.running import ENDED, stop_services
from fizz.client.cli.session import connect, load_settings
from fizz.client.cli.waiting import DidNotComeUp, wait_for_rollout
from fizz.client.compose import Project
from fizz.client.compose.engines import too_new_for
from fizz.client.develop import Rule
from fizz.client.objects import uid_of
from fizz.schemas.settings import Settings
from fizz.schemas.types import JSON

__all__ = ["command"]

_SAY_SECONDS = 2.0
"""How long to wait for what the node agent has to say."""


@click.command("up")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("-d", "--detach", is_flag=True, help="Return when all containers are started, and leave them running.")
@click.option("--wait", is_flag=True, help="Return when all containers are ready or have completed. Implies -d.")
@click.option(
    "--timeout", "--wait-timeout", type=SECONDS, metavar="DURATION", help="Give up waiting after that time, as 90s."
)
@click.option("--no-deps", is_flag=True, help="Leave alone what the services depend on.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, as `fizz plan` does, and do nothing.")
@click.option(
    "--rollback", is_flag=True, help="If it does not come up, go back to the last release that did. Implies --wait."
)
@click.option("-m", "--message", default="", metavar="TEXT", help="What to say of this release in the history.")
@click.option("--keep", type=click.IntRange(1), default=KEEP, metavar="N", help="How many releases to keep; 10.")
@click.option("--build/--no-build", default=None, help="Build all images that can be built, or none.")
@click.option(
    "--pull",
    type=click.Choice(["always", "missing", "never"]),
    help="When to pull images, whatever the file says.",
)
@click.option(
    "-V",
    "--renew-anon-volumes",
    is_flag=True,
    help="Replace containers that have anonymous volumes, with new ones; the old volumes stay in the engine.",
)
@click.option("-w", "--watch", is_flag=True, help="Follow files, as `fizz develop` does, and show the logs.")
@click.option("--quiet-pull", is_flag=True, help="Show no progress of pulls.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.option("--remove-orphans", is_flag=True, hidden=True, help="Always so: what is not in the file any more goes.")
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    services: tuple[str, ...],
    detach: bool,
    wait: bool,
    timeout: float | None,
    no_deps: bool,
    dry_run: bool,
    rollback: bool,
    message: str,
    keep: int,
    build: bool | None,
    pull: str | None,
    renew_anon_volumes: bool,
    watch: bool,
    quiet_pull: bool,
    quiet: bool,
    remove_orphans: bool,
) -> None:
    """Make the project run as its compose file says, or some services of it with what they depend on.

    What has not changed is not touched; what is no longer in the file is removed, except for volumes. Without -d it
    shows what the containers write, and Ctrl-C stops them. Starts a server if none answers.
    """
    project = load_project(options, load_options(options, services, dependencies=not no_deps))
    resources = to_resources(project, partial=bool(services))
    renewed_at = datetime.now(UTC).isoformat(timespec="milliseconds") if renew_anon_volumes else None
    if dry_run:
        show_plan(options, resources, renewed_at=renewed_at)
        return
    rules = read_rules(project) if watch else []
    if watch and (detach or wait or rollback):
        raise click.UsageError("--watch shows what happens; it does not go with -d, --wait or --rollback")
    if watch and not rules:
        raise Failure("no service has develop.watch, so there is nothing to --watch")
    preparation = Preparation(build=build, pull=pull, quiet=quiet_pull or quiet)
    wait = wait or rollback
    note = Note(author(), message, keep=keep)
    run = _Run(options, project, resources, preparation, note, rules, quiet, renewed_at, rollback)
    settings = load_settings(options)
    if started := ensure_server(settings):
        click.echo(started)
    rollout = Rollout(resources.names("Deployment"), resources.names("Job"), wait=wait)
    if detach or wait:
        asyncio.run(_detached(settings, run, rollout, timeout))
        return
    try:
        asyncio.run(_attached(settings, run, rollout, timeout))
    except asyncio.CancelledError:  # by a second Ctrl-C
        raise KeyboardInterrupt from None


@dataclass(frozen=True, slots=True)
class _Run:
    """What is brought up, and how. `renewed_at` is set if anonymous volumes are to be made anew."""

    options: Options
    project: Project
    resources: Resources
    images: Preparation
    note: Note
    rules: Sequence[Rule] = ()
    quiet: bool = False
    renewed_at: str | None = None
    rollback: bool = False

    async def prepare(self, client: Client) -> Resources:
        """The resources, with images that are there."""
        with progress(silent=self.quiet) as screen:
            resources = await prepare_images(client, self.project, self.resources, self.images, screen)
        for problem in too_new_for(self.project, await _engines(client)):
            click.echo(problem.format(), err=True)
        return resources

    @property
    def unattached(self) -> frozenset[str]:
        """The services whose output is not shown."""
        return frozenset(name for name, service in self.project.services.items() if service.get("attach") is False)

    def developer(self, client: Client, screen: Progress) -> Developer | None:
        """Who follows the files, if that is wanted."""
        if not self.rules:
            return None
        rebuilder = Rebuilder(client, self.options, screen, quiet=self.images.quiet)
        return Developer(client, self.project, self.rules, rebuilder.rebuild, screen)


async def _engines(client: Client) -> dict[str, str]:
    """The version of each node's engine."""
    nodes = (await client.list(built_in("Node"))).items
    found = {each["metadata"]["name"]: (each.get("status") or {}).get("engine") or {} for each in nodes}
    return {node: engine["version"] for node, engine in found.items() if engine.get("version")}


async def _apply(
    client: Client, run: _Run, resources: Resources, rollout: Rollout, screen: Progress, timeout: float | None
) -> Applied:
    done = await apply_project(client, resources, screen.say, timeout, run.note, renewed_at=run.renewed_at)
    rollout.applied(each.object for each in done.results if each.verb != "deleted")
    for line in [] if run.quiet else result_lines(done.results):
        screen.say(line)
    if done.made and done.release and not run.quiet:
        screen.say(f"{name_of(done.release)} created")
    return done


async def _detached(settings: Settings, run: _Run, rollout: Rollout, timeout: float | None) -> None:
    quiet = run.quiet
    async with connect(settings) as client:
        resources = await run.prepare(client)
        with progress(plain=quiet) as screen:
            done = await _apply(client, run, resources, rollout, screen, timeout)
            show = (lambda _: None) if quiet else screen.show
            selector = project_selector(resources.project)
            try:
                await wait_for_rollout(client, resources.namespace, selector, rollout, show, timeout)
            except DidNotComeUp as failure:
                if not run.rollback or done.release is None:
                    raise
                undone = await fall_back(client, done.release, failure, screen.say, show, timeout)
                raise Failure(f"{failure}\n{undone}") from None
            finally:  # a port that only one replica can have may be what went wrong
                if not quiet:
                    await _tell_cost(client, resources, screen)
        for warning in await _warnings(client, resources):
            click.echo(warning, err=True)


async def _tell_cost(client: Client, resources: Resources, screen: Progress) -> None:
    if note := await cost_of_publishing(client, resources.objects):
        screen.say(note)


async def _warnings(client: Client, resources: Resources) -> list[str]:
    """What the node agent has to say about networks and volumes, as that a change has to wait for their end."""
    kinds = [built_in("Network"), built_in("Volume")]
    items: dict[str, JSON] = {}
    with suppress(TimeoutError):  # an agent that says nothing in that time has other troubles, which are told elsewhere
        async with (
            asyncio.timeout(_SAY_SECONDS),
            aclosing(changes(client, kinds, resources.namespace, project_selector(resources.project))) as events,
        ):
            complete = False
            async for event in events:
                complete = complete or event is None
                if event is not None and event.type is EventType.DELETED:
                    items.pop(name_of(event.object), None)
                elif event is not None:
                    items[name_of(event.object)] = event.object
                if complete and all(map(is_observed, items.values())):
                    break
    told = [(name, (item.get("status") or {}).get("message")) for name, item in items.items()]
    return [f"warning: {name}: {message}" for name, message in told if message]


async def _attached(settings: Settings, run: _Run, rollout: Rollout, timeout: float | None) -> None:
    """Show the logs until Ctrl-C, which stops the containers; a second one leaves at once."""
    async with connect(settings) as client:
        resources = await run.prepare(client)
        with progress(plain=True) as screen:
            since = datetime.now(UTC)
            await _apply(client, run, resources, rollout, screen, timeout)
            await _tell_cost(client, resources, screen)
            interrupted = asyncio.Event()
            developer = run.developer(client, screen)
            watching = asyncio.create_task(
                _watch(client, resources, run.unattached, rollout, since, timeout, screen, developer)
            )
            interrupt = asyncio.create_task(interrupted.wait())
            with _on_interrupt(interrupted, watching):
                try:
                    await asyncio.wait({watching, interrupt}, return_when=asyncio.FIRST_COMPLETED)
                    if interrupted.is_set():
                        screen.say("stopping (Ctrl-C again leaves at once)")
                        await stop_services(client, resources.project, sorted(resources.services), screen.show)
                    else:
                        watching.result()
                finally:
                    for task in (watching, interrupt):
                        task.cancel()
                    await asyncio.gather(watching, interrupt, return_exceptions=True)


async def _watch(
    client: Client,
    resources: Resources,
    unattached: frozenset[str],
    rollout: Rollout,
    since: datetime,
    timeout: float | None,
    screen: Progress,
    developer: Developer | None,
) -> None:
    """Show what is written until all containers have ended, or for ever while files are followed.

    Raises `Failure` if something cannot be started.
    """
    selector = project_selector(resources.project)
    selection = Selection(resources.namespace, selector, resources.services)
    shown = replace(selection, without=unattached)
    follower = LogFollower(client, shown, LogOptions(since=since), LogText().write)
    logs = asyncio.create_task(follower.run())

    async def until_ended() -> None:
        await wait_for_rollout(client, resources.namespace, selector, rollout, screen.show, timeout)
        await (_until_ended(client, selection, screen) if developer is None else developer.run())
        await follower.drain()

    ending = asyncio.create_task(until_ended())
    try:
        await asyncio.wait({logs, ending}, return_when=asyncio.FIRST_COMPLETED)
        if logs.done() and not ending.done():
            logs.result()  # it ends by itself only if it fails, as when nobody reads any more
        await ending
    finally:
        for task in (logs, ending):
            task.cancel()
        await asyncio.gather(logs, ending, return_exceptions=True)


async def _until_ended(client: Client, selection: Selection, screen: Progress) -> None:
    """Until there is no container of the project that runs or may run again, and no job that will have others."""
    running: set[str] = set()
    complete = False
    kinds = [built_in(name) for name in ("Container", "Job", "CronJob")]
    events = changes(client, kinds, selection.namespace, selection.labels)
    async with aclosing(events):
        async for event in events:
            if event is None:
                complete = True
            else:
                item, uid = event.object, uid_of(event.object)
                status = item.get("status") or {}
                if event.type is EventType.DELETED:
                    running.discard(uid)
                elif item["kind"] != "Container":
                    (running.add if selection.has(item) and may_go_on(item) else running.discard)(uid)
                elif status.get("phase") not in ENDED:
                    running.add(uid)
                else:
                    running.discard(uid)
                    screen.say(f"{short_name(item)} exited with code {status.get('exitCode', 0)}")
            if complete and not running:
                return


@contextmanager
def _on_interrupt(interrupted: asyncio.Event, watching: asyncio.Task[None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()

    def interrupt() -> None:
        if interrupted.is_set() and main:
            main.cancel()
        interrupted.set()
        watching.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
