"""The group of all commands. Nothing is imported for a command before it is called."""

import sys
from collections.abc import Mapping
from typing import Final

import click

from fizz.client.cli.failures import guard
from fizz.client.cli.lazy import Lazy, LazyGroup
from fizz.client.cli.options import connection_options, project_options

__all__ = ["cli", "group", "run"]

_COMPOSE: Final = "Compose projects"
_RESOURCES: Final = "Resources"
_SYSTEM: Final = "System"


def _command(module: str, text: str, chapter: str, attribute: str = "command") -> Lazy:
    return Lazy(f"fizz.client.cli.commands.{module}:{attribute}", text, chapter)


COMMANDS: Final[Mapping[str, Lazy]] = {
    "up": _command("up", "Make the project run as its compose file says.", _COMPOSE),
    "plan": _command("plan", "Show what up would do, and why.", _COMPOSE),
    "history": _command("history", "List the project's releases, show one, or compare two.", _COMPOSE),
    "rollback": _command("rollback", "Go back to an earlier release.", _COMPOSE),
    "adopt": _command("adopt", "Take over a project that docker compose started.", _COMPOSE),
    "down": _command("down", "Stop the project and remove what it left.", _COMPOSE),
    "ps": _command("ps", "List the project's containers.", _COMPOSE),
    "logs": _command("logs", "Show what the containers wrote.", _COMPOSE),
    "exec": _command("exec", "Run a command in a running container.", _COMPOSE),
    "run": _command("run", "Run a command in a new container of a service.", _COMPOSE),
    "attach": _command("attach", "Talk to a service's own program.", _COMPOSE, "attach"),
    "wait": _command("attach", "Wait until containers have ended.", _COMPOSE, "wait"),
    "cp": _command("cp", "Copy files from containers, and into them.", _COMPOSE),
    "rm": _command("rm", "Remove containers that have ended.", _COMPOSE),
    "volumes": _command("volumes", "List the project's volumes.", _COMPOSE),
    "port": _command("port", "Print where a service's port is on the host.", _COMPOSE),
    "top": _command("top", "Show the processes in the containers.", _COMPOSE, "top"),
    "stats": _command("top", "Show what the containers use.", _COMPOSE, "stats"),
    "ls": _command("ls", "List the projects.", _COMPOSE),
    "start": _command("running", "Start stopped containers again.", _COMPOSE, "start"),
    "stop": _command("running", "Stop containers, and keep them.", _COMPOSE, "stop"),
    "restart": _command("running", "Restart containers where they are.", _COMPOSE, "restart"),
    "pause": _command("running", "Freeze the processes of containers.", _COMPOSE, "pause"),
    "unpause": _command("running", "Let frozen processes go on.", _COMPOSE, "unpause"),
    "kill": _command("running", "End containers at once, or send them a signal.", _COMPOSE, "kill"),
    "job": _command("job", "Jobs and schedules: list them, run them, pause them.", _COMPOSE),
    "build": _command("build", "Build the images of the project's services.", _COMPOSE),
    "pull": _command("pull", "Pull the images of the project's services.", _COMPOSE, "pull"),
    "push": _command("pull", "Bring built images to their registries.", _COMPOSE, "push"),
    "develop": _command("develop", "Keep running containers up to date with your files.", _COMPOSE),
    "images": _command("images", "List the images that the project's containers run.", _COMPOSE),
    "scale": _command("scale", "Set how many containers of a service run.", _COMPOSE),
    "config": _command("config", "Show the compose file as Fizz understands it.", _COMPOSE),
    "convert": _command("convert", "Print the resources that the compose file becomes.", _COMPOSE),
    "validate": _command("validate", "Check compose files, and say all that is wrong with them.", _COMPOSE),
    "explain": _command("explain", "Say what a compose file may have, and what Fizz does with it.", _COMPOSE),
    "apply": _command("apply", "Apply compose files or resource manifests.", _RESOURCES),
    "get": _command("get", "List resources, or show one.", _RESOURCES),
    "describe": _command("describe", "Show resources in full, with their events.", _RESOURCES),
    "delete": _command("delete", "Delete resources.", _RESOURCES),
    "watch": _command("watch", "Show changes of resources as they happen.", _RESOURCES),
    "api-resources": _command("api_resources", "List the kinds that the server knows.", _RESOURCES),
    "inspect": _command("inspect", "Show what is wanted, what is, and what the engine says.", _SYSTEM),
    "events": _command("events", "Show what happened.", _SYSTEM),
    "server": _command("server", "Run the API server, the controllers and the node agent.", _SYSTEM),
    "kubeconfig": _command("kubeconfig", "Print a kubeconfig for kubectl and helm.", _SYSTEM),
    "token": _command("token", "Make, list and delete tokens of users.", _SYSTEM),
    "version": _command("version", "Print the versions of client and server.", _SYSTEM),
    "completion": _command("completion", "Print a completion script for bash, zsh or fish.", _SYSTEM),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    invoke_without_command=True,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@project_options
@connection_options
@click.option("--version", is_flag=True, help="Print the version of this program.")
@click.pass_context
def cli(ctx: click.Context, version: bool) -> None:
    """Fizz runs compose files on Docker hosts, the Kubernetes way."""
    if version:
        from fizz import __version__

        click.echo(f"fizz {__version__}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def group(elsewhere: Mapping[str, tuple[str, str]]) -> click.Group:
    """The group with other rooms' commands; `elsewhere` has their targets and help by name."""
    assert isinstance(cli, LazyGroup)
    cli.add_lazy({name: Lazy(target, text, _SYSTEM) for name, (target, text) in elsewhere.items()})
    return cli


def run(elsewhere: Mapping[str, tuple[str, str]]) -> None:
    """Run the command line and end the process."""
    whole = group(elsewhere)
    sys.exit(guard(lambda: whole.main(prog_name="fizz", standalone_mode=False)))
