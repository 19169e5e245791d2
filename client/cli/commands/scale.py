"""`fizz scale SERVICE=N`: set how many containers of a service run."""

import asyncio

import click

from fizz.client.api import Client, NotFound
from fizz.client.cli.apply import built_in
from fizz.client.cli.failures import Failure
from fizz.client.cli.options import SECONDS, Options, connection_options, pass_options, project_options
from fizz.client.cli.progress import progress
from fizz.client.cli.project import project_namespace, project_selector, the_project_name
from fizz.client.cli.rollout import Rollout
from fizz.client.cli.running import jobs_among
from fizz.client.cli.session import run
from fizz.client.cli.waiting import wait_for_rollout
from fizz.schemas.names import to_name

__all__ = ["command", "parse_scales"]

_MOST = 10_000


def parse_scales(words: tuple[str, ...]) -> dict[str, int]:
    """`web=3 worker=0`. Raises `click.UsageError`."""
    scales: dict[str, int] = {}
    for word in words:
        service, equals, number = word.partition("=")
        if not equals or not service or not number.isdigit() or int(number) > _MOST:
            raise click.UsageError(f"{word!r} is not SERVICE=N, as web=3.")
        scales[service] = int(number)
    return scales


@click.command("scale")
@click.argument("words", nargs=-1, required=True, metavar="SERVICE=N...")
@click.option("--wait/--no-wait", default=True, help="Wait until the containers are started. That is the default.")
@click.option("--timeout", type=SECONDS, metavar="DURATION", help="Give up waiting after that time, as 90s.")
@project_options
@connection_options
@pass_options
def command(options: Options, words: tuple[str, ...], wait: bool, timeout: float | None) -> None:
    """Set how many containers of a service run. The next `fizz up` sets it to what the compose file says."""
    scales = parse_scales(words)
    project = the_project_name(options)

    async def whole(client: Client) -> None:
        names = await _scale(client, project, scales)
        if wait:
            with progress() as screen:
                rollout = Rollout(names, wait=False)
                namespace, selector = project_namespace(project), project_selector(project)
                await wait_for_rollout(client, namespace, selector, rollout, screen.show, timeout)

    run(options, whole)


async def _scale(client: Client, project: str, scales: dict[str, int]) -> list[str]:
    """Set the numbers. All services are looked for before one is changed. The Deployments' names."""
    kind, namespace = built_in("Deployment"), project_namespace(project)
    names = {service: to_name(service) for service in scales}
    found = await asyncio.gather(
        *(client.get(kind, name, namespace) for name in names.values()), return_exceptions=True
    )
    missing = [service for service, item in zip(names, found, strict=True) if isinstance(item, NotFound)]
    if jobs := await jobs_among(client, project, missing):
        raise Failure(f"{', '.join(jobs)}: jobs are not scaled; change deploy.replicas and run `fizz up`")
    if missing:
        there = [item["metadata"]["name"] for item in (await client.list(kind, namespace)).items]
        raise Failure(f"project {project} has no service {', '.join(missing)}; it has {', '.join(there) or 'none'}")
    for item in found:
        if isinstance(item, BaseException):
            raise item
    for service, replicas in scales.items():
        await client.patch(kind, names[service], {"spec": {"replicas": replicas}}, namespace)
        click.echo(f"deployment/{names[service]} scaled to {replicas}")
    return list(names.values())
