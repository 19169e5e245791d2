"""`fizz exec SERVICE COMMAND`: run a command in a running container."""

import click

from fizz.client.api import Client
from fizz.client.cli.choosing import running_container
from fizz.client.cli.completing import complete_services
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.project import the_project_name
from fizz.client.cli.session import run
from fizz.client.cli.talking import detach_keys_option, environment, tell_end
from fizz.client.cli.terminal import Streams, both_are_terminals, interact
from fizz.client.objects import key_of
from fizz.schemas.execs import ExecRequest

__all__ = ["command"]


@click.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("service", shell_complete=complete_services)
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND [ARGUMENT]...")
@click.option("-d", "--detach", is_flag=True, help="Leave the command to itself, and say nothing of it.")
@click.option("-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="Set a variable for it.")
@click.option("-u", "--user", default="", metavar="USER[:GROUP]", help="Run it as this user.")
@click.option("-w", "--workdir", default="", metavar="DIR", help="Run it in this folder of the container.")
@click.option("--privileged", is_flag=True, help="Give it all rights on the host.")
@click.option("--index", type=click.IntRange(1), metavar="N", help="Which of the service's containers; else the first.")
@click.option("-T", "--no-tty", is_flag=True, help="Give it no terminal, though this is one.")
@click.option("-i", "--interactive/--no-interactive", default=True, help="Pass on standard input. That is the default.")
@detach_keys_option
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    service: str,
    words: tuple[str, ...],
    detach: bool,
    variables: tuple[str, ...],
    user: str,
    workdir: str,
    privileged: bool,
    index: int | None,
    no_tty: bool,
    interactive: bool,
    detach_keys: str,
) -> int:
    """Run a command in a running container of a service, and end with its exit code.

    It has a terminal if this is one, on both ends. What belongs to fizz stands before SERVICE, what stands behind it
    belongs to the command.
    """
    tty = not no_tty and both_are_terminals()
    request = ExecRequest(
        command=words,
        user=user,
        working_dir=workdir,
        environment=environment(variables),
        privileged=privileged,
        stdin=interactive and not detach,
        tty=tty and not detach,
    )
    project = the_project_name(options)

    async def whole(client: Client) -> int:
        key = key_of(await running_container(client, project, service, index))
        if detach:
            await client.execute_detached(key.name, key.namespace, request)
            return 0
        async with client.converse(key.name, key.namespace, request) as talk:
            ending = await interact(talk, Streams(stdin=interactive, tty=tty, detach_keys=detach_keys))
        return tell_end(ending)

    return run(options, whole)
