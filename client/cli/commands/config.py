"""`fizz config`: the compose file as Fizz understands it, merged and with all variables filled in."""

import json
from dataclasses import replace

import click

from fizz.client.cli.formats import to_yaml
from fizz.client.cli.options import Options, pass_options, project_options
from fizz.client.cli.project import load_options, load_project
from fizz.client.compose import render

__all__ = ["command"]


@click.command("config")
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", help="yaml or json.")
@click.option("-q", "--quiet", is_flag=True, help="Only check.")
@click.option("--services", "listing", flag_value="services", help="Print the names of the services.")
@click.option("--volumes", "listing", flag_value="volumes", help="Print the names of the volumes.")
@click.option("--networks", "listing", flag_value="networks", help="Print the names of the networks.")
@click.option("--profiles", "listing", flag_value="profiles", help="Print the names of the profiles.")
@click.option("--images", "listing", flag_value="images", help="Print the images.")
@click.option("--variables", "listing", flag_value="variables", help="Print the variables that the files ask for.")
@click.option("--no-interpolate", is_flag=True, help="Leave variables as they are written.")
@click.option("--no-env-resolution", is_flag=True, help="Leave env_file unread.")
@click.option("--no-path-resolution", is_flag=True, help="Leave relative paths relative.")
@project_options
@pass_options
def command(
    options: Options,
    form: str,
    quiet: bool,
    listing: str | None,
    no_interpolate: bool,
    no_env_resolution: bool,
    no_path_resolution: bool,
) -> None:
    """Show the compose file as Fizz understands it."""
    flags = replace(
        load_options(options),
        interpolate=not no_interpolate,
        resolve_env=not no_env_resolution,
        resolve_paths=not no_path_resolution,
    )
    project = load_project(options, flags)
    if quiet:
        return
    match listing:
        case "services" | "volumes" | "networks":
            lines = sorted(project.model.get(listing) or ())
        case "profiles":
            lines = list(project.all_profiles)
        case "images":
            lines = sorted(str(service["image"]) for service in project.services.values() if service.get("image"))
        case "variables":
            lines = sorted(project.variables)
        case _:
            model = render(project, escape=not no_interpolate)
            text = json.dumps(model, indent=2, ensure_ascii=False) if form == "json" else to_yaml(model)
            lines = [text.rstrip("\n")]
    for line in lines:
        click.echo(line)
