"""`fizz attach` and `fizz wait`: a container's own program, listened to, or until its end."""

from contextlib import aclosing

import click

from fizz.client.api import ApiError, Client, EventType
from fizz.client.cli.apply import built_in
from fizz.client.cli.changes import changes
from fizz.client.cli.choosing import choose, containers_of, running_container
from fizz.client.cli.completing import complete_services
from fizz.client.cli.containers import engine_name, is_of, is_oneoff
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.progress import progress
from fizz.client.cli.project import project_namespace, project_selector, the_project_name
from fizz.client.cli.running import has_ended
from fizz.client.cli.session import run
from fizz.client.cli.talking import detach_keys_option, tell_end
from fizz.client.cli.teardown import Teardown, take_down
from fizz.client.cli.terminal import Streams, interact
from fizz.client.objects import key_of, uid_of
from fizz.schemas.types import JSON

__all__ = ["attach", "wait"]


@click.command("attach")
@click.argument("service", shell_complete=complete_services)
@click.option("--index", type=click.IntRange(1), metavar="N", help="Which of the service's containers; else the first.")
@click.option("--no-stdin", is_flag=True, help="Only listen.")
@click.option("--sig-proxy/--no-sig-proxy", default=True, help="Pass on signals. That is the default.")
@detach_keys_option
@project_options
@connection_options
@pass_options
def attach(options: Options, service: str, index: int | None, no_stdin: bool, sig_proxy: bool, detach_keys: str) -> int:
    """Talk to a service's own program, from now on, and end with its exit code.

    What it wrote before is shown by `fizz logs`. Its input is open only if the service has `stdin_open`.
    """
    project = the_project_name(options)

    async def whole(client: Client) -> int:
        item = await running_container(client, project, service, index)
        key, spec = key_of(item), item["spec"]
        stdin, tty = bool(spec.get("stdinOpen")) and not no_stdin, bool(spec.get("tty"))

        async def pass_on(signal: str) -> None:
            try:
                await client.kill(key.name, key.namespace, signal)
            except ApiError:
                return  # it has ended

        on_signal = pass_on if sig_proxy and not (tty and stdin) else None
        async with client.attach(key.name, key.namespace, stdin=stdin, detach_keys=detach_keys) as talk:
            return tell_end(await interact(talk, Streams(stdin, tty, detach_keys, on_signal)))

    return run(options, whole)


@click.command("wait")
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...", shell_complete=complete_services)
@click.option("--down-project", is_flag=True, help="Take the project down when the first container has ended.")
@project_options
@connection_options
@pass_options
def wait(options: Options, services: tuple[str, ...], down_project: bool) -> int:
    """Wait until the containers of services have ended, and end with the exit code of the last one."""
    project = the_project_name(options)

    async def whole(client: Client) -> int:
        items = await containers_of(client, project)
        for service in services:
            choose(items, project, service, None, running=False)  # or say what there is
        chosen = [item for item in items if is_of(item, services) and not is_oneoff(item)]
        code = await _wait(client, project, chosen, first=down_project)
        if down_project:
            with progress() as screen:
                await take_down(client, project, project_namespace(project), Teardown(), screen.show)
        return code

    return run(options, whole)


async def _wait(client: Client, project: str, items: list[JSON], *, first: bool) -> int:
    """The exit code of the last that ended, or of the first."""
    left = {uid_of(item): (item.get("status") or {}).get("finishedAt") for item in items if not has_ended(item)}
    code = 0
    for item in items:
        if has_ended(item):
            code = _tell(item)
            if first:
                return code
    events = changes(client, [built_in("Container")], project_namespace(project), project_selector(project))
    async with aclosing(events) as source:
        async for event in source:
            if not left:
                return code
            if event is None or uid_of(event.object) not in left:
                continue
            item, status = event.object, event.object.get("status") or {}
            again = status.get("finishedAt") != left[uid_of(item)]  # it ended, and was started again
            if event.type is EventType.DELETED or has_ended(item) or again:
                del left[uid_of(item)]
                code = _tell(item)
                if first or not left:
                    return code
    raise AssertionError("changes never end")


def _tell(item: JSON) -> int:
    code = int((item.get("status") or {}).get("exitCode") or 0)
    click.echo(f"container {engine_name(item)!r} exited with status code {code}")
    return code
