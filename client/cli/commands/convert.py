"""`fizz convert`: the resources that a compose file becomes, as YAML or JSON; nothing is applied."""

import json

import click

from fizz.client.cli.completing import complete_services
from fizz.client.cli.formats import to_yaml
from fizz.client.cli.options import Options, pass_options, project_options
from fizz.client.cli.project import load_options, load_project, to_resources
from fizz.schemas.types import JSON

__all__ = ["command"]


@click.command("convert")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", help="yaml or json.")
@click.option("--no-deps", is_flag=True, help="Leave out what the services depend on.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write into that file.")
@project_options
@pass_options
def command(options: Options, services: tuple[str, ...], form: str, no_deps: bool, output: str | None) -> None:
    """Print the resources that the compose file becomes, in the order in which `fizz up` applies them.

    `fizz apply -f` and `kubectl apply -f` take the YAML; the contents of secrets are in it.
    """
    project = load_project(options, load_options(options, services, dependencies=not no_deps))
    objects = list(to_resources(project, partial=bool(services)).objects)
    text = json.dumps(_as_list(objects), indent=2, ensure_ascii=False) + "\n" if form == "json" else _as_yaml(objects)
    with click.open_file(output or "-", "w") as file:
        file.write(text)


def _as_list(objects: list[JSON]) -> JSON:
    return {"apiVersion": "v1", "kind": "List", "items": objects}


def _as_yaml(objects: list[JSON]) -> str:
    return "---\n".join(to_yaml(item) for item in objects)
