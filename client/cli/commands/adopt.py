"""`fizz adopt -p NAME`: take over a project that docker compose started, without making anew what agrees."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import click

from fizz.client.api import Client
from fizz.client.cli.adopting import Candidate, Found, assign, config_files, surplus
from fizz.client.cli.apply import built_in
from fizz.client.cli.autostart import ensure_server
from fizz.client.cli.changes import changes
from fizz.client.cli.deploy import apply_project
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import SECONDS, Options, connection_options, pass_options, project_options
from fizz.client.cli.preparing import Preparation, find_node, prepare_images
from fizz.client.cli.progress import progress
from fizz.client.cli.project import Resources, load_project, project_selector, to_resources
from fizz.client.cli.rollout import Rollout
from fizz.client.cli.session import connect, load_settings
from fizz.client.cli.waiting import wait_for_rollout
from fizz.client.objects import resource_of
from fizz.schemas import kinds, labels
from fizz.schemas.types import JSON

__all__ = ["command"]

_NODES = resource_of(next(kind for kind in kinds.BUILTIN if kind.kind == "Node"))
_WOULD_CHANGE = 2


@click.command("adopt")
@click.option("--dry-run", is_flag=True, help="Only say what would go on and what would be made anew.")
@click.option("--recreate", "--yes", is_flag=True, help="Make anew what differs from the compose file.")
@click.option("--timeout", type=SECONDS, default="120s", metavar="DURATION", help="Give up after that time; 120s.")
@project_options
@connection_options
@pass_options
def command(options: Options, dry_run: bool, recreate: bool, timeout: float) -> None:
    """Take over a project that docker compose started. Its containers go on where they agree with the compose file.

    Without -f, the files are those that the containers were started from. With --dry-run, the exit code is 2 if
    something would be made anew. Starts a server if none answers.
    """
    if not options.project_name:
        raise click.UsageError("say which project: fizz adopt -p NAME")
    settings = load_settings(options)
    if started := ensure_server(settings):
        click.echo(started)

    async def whole() -> int:
        async with connect(settings) as client:
            return await _adopt(client, options, dry_run, recreate, timeout)

    sys.exit(asyncio.run(whole()))


async def _adopt(client: Client, options: Options, dry_run: bool, recreate: bool, timeout: float) -> int:
    name = options.project_name or ""
    node = (await find_node(client)).node
    answer = await client.raw("GET", _NODES.path(None, node, "compose"), query=[("project", name)])
    found = [Found(raw) for raw in answer["containers"]]
    if not found:
        raise Failure(
            f"docker compose has no containers of a project {name} on the node {node}; `docker ps -a` shows all"
        )
    project = load_project(_with_files(options, found))
    if project.name != name:
        raise Failure(f"the compose file is of the project {project.name}, not {name}")
    with progress() as screen:
        what = Preparation(build=False, pull="never", quiet=True)
        resources = await prepare_images(client, project, to_resources(project), what, screen)
    deployments = [item for item in resources.objects if item["kind"] == "Deployment"]
    candidates = assign(project.services, deployments, found)
    for each in candidates:
        click.echo(str(each))
    for left in surplus(candidates, found):
        click.echo(f"{left}: is left alone, because the compose file has nothing for it")
    differing = [each for each in candidates if each.differences]
    if dry_run:
        return _WOULD_CHANGE if differing else 0
    if differing and not recreate:
        raise Failure(
            f"{len(differing)} of {len(candidates)} containers differ from the compose file, and nothing was done; "
            "mend the file, or have them made anew with --recreate"
        )
    await apply_project(client, resources, click.echo, timeout)
    await _mark_resources(client, resources, answer["networks"])
    try:
        async with asyncio.timeout(timeout):
            await _mark(client, resources.namespace, candidates)
    except TimeoutError:
        raise Failure("not every container was taken over in time; `fizz ps` shows how far it is") from None
    with progress() as screen:
        rollout = Rollout([item["metadata"]["name"] for item in deployments], wait=False)
        selector = project_selector(resources.project)
        await wait_for_rollout(client, resources.namespace, selector, rollout, screen.show, timeout)
    made = f", {len(differing)} made anew" if differing else ""
    click.echo(f"{name} is Fizz's now: {len(candidates) - len(differing)} containers went on{made}")
    return 0


def _with_files(options: Options, found: Sequence[Found]) -> Options:
    """The options, with the files that the containers were made from unless others are said."""
    if options.file:
        return options
    files, folder = config_files(found)
    if not files:
        raise Failure("the containers do not say which compose file they were started from; name it with -f")
    return replace(options, file=files, project_directory=options.project_directory or folder or None)


async def _mark_resources(client: Client, resources: Resources, networks: Sequence[JSON]) -> None:
    """Tell Networks and Volumes which of the engine's they are. A patch, so that a later apply leaves it alone."""
    ids = {each["name"]: each["id"] for each in networks}
    for item in resources.objects:
        spec, name = item.get("spec") or {}, item["metadata"]["name"]
        engine_name = spec.get("name") or f"{resources.project}_{name}"
        said = {"Network": ids.get(engine_name), "Volume": engine_name}.get(item["kind"])
        if said and not spec.get("external"):
            patch = {"metadata": {"annotations": {labels.ADOPTS: said}}}
            await client.patch(built_in(item["kind"]), name, patch, resources.namespace)


async def _mark(client: Client, namespace: str, candidates: Sequence[Candidate]) -> None:
    """Tell each Container what it takes over, as soon as it is there: they come in the order of their dependencies."""
    kind = built_in("Container")
    left = {(each.deployment, str(each.ordinal)): each for each in candidates}
    async with aclosing(changes(client, [kind], namespace)) as world:
        async for _ in world:
            for item in (await client.list(kind, namespace)).items:
                said = item["metadata"].get("labels") or {}
                each = left.pop((said.get(labels.DEPLOYMENT, ""), said.get(labels.ORDINAL, "")), None)
                if each is None:
                    continue
                annotation = labels.REPLACES if each.differences else labels.ADOPTS
                patch = {"metadata": {"annotations": {annotation: each.found.id}}}
                await client.patch(kind, item["metadata"]["name"], patch, namespace)
            if not left:
                return
