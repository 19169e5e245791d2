"""`fizz config`: the compose file as Fizz understands it, merged and with all variables filled in."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import click

from fizz.client.cli.completing import complete_services
from fizz.client.cli.failures import Failure, ProblemsInFiles
from fizz.client.cli.formats import to_json, to_yaml
from fizz.client.cli.options import Options, pass_options, project_options
from fizz.client.cli.project import load_options, load_project
from fizz.client.compose import LoadOptions, Project, Variable, load, render, service_hash

__all__ = ["command"]

Format = Literal["yaml", "json"]

_LISTS: Final[Mapping[str, Callable[[Project], list[str]]]] = {
    "services": lambda project: sorted(project.services),
    "volumes": lambda project: sorted(project.model.get("volumes", ())),
    "networks": lambda project: sorted(project.model.get("networks", ())),
    "models": lambda project: sorted(str(model.get("model", "")) for model in project.model.get("models", {}).values()),
    "profiles": lambda project: list(project.all_profiles),
    "images": lambda project: sorted(_images(project)),
    "environment": lambda project: [f"{name}={value}" for name, value in sorted(project.environment.items())],
}

_UNREAD: Final = ("services", "volumes", "networks", "models", "variables")  # lists for which no env_file is read


@click.command("config")
@click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_services)
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), help="yaml or json.")
@click.option("-o", "--output", metavar="FILE", help="Write the project to a file.")
@click.option("-q", "--quiet", is_flag=True, help="Only check.")
@click.option("--services", "listing", flag_value="services", help="Print the names of the services.")
@click.option("--volumes", "listing", flag_value="volumes", help="Print the names of the volumes.")
@click.option("--networks", "listing", flag_value="networks", help="Print the names of the networks.")
@click.option("--models", "listing", flag_value="models", help="Print the models.")
@click.option("--profiles", "listing", flag_value="profiles", help="Print the names of the profiles.")
@click.option("--images", "listing", flag_value="images", help="Print the images.")
@click.option("--environment", "listing", flag_value="environment", help="Print the variables that files may ask for.")
@click.option("--variables", "listing", flag_value="variables", help="Print the variables that the files ask for.")
@click.option("--hash", "hashed", metavar="SERVICES", help="Print hashes of services: * or names with commas.")
@click.option("--no-interpolate", is_flag=True, help="Leave variables as they are written.")
@click.option("--no-normalize", is_flag=True, help="Leave out what is filled in.")
@click.option("--no-consistency", is_flag=True, help="Do not ask whether the whole makes sense.")
@click.option("--no-env-resolution", is_flag=True, help="Leave env_file unread.")
@click.option("--no-path-resolution", is_flag=True, help="Leave relative paths relative.")
@click.option(
    "--resolve-image-digests", "resolve", is_flag=True, help="Pin images to digests, as their registries say."
)
@click.option("--lock-image-digests", "lock", is_flag=True, help="Print only an override file with these digests.")
@project_options
@pass_options
def command(
    options: Options,
    services: tuple[str, ...],
    form: Format | None,
    output: str | None,
    quiet: bool,
    listing: str | None,
    hashed: str | None,
    no_interpolate: bool,
    no_normalize: bool,
    no_consistency: bool,
    no_env_resolution: bool,
    no_path_resolution: bool,
    resolve: bool,
    lock: bool,
) -> None:
    """Show the compose file as Fizz understands it, or some services of it with what they depend on."""
    listed = listing is not None and listing != "images"  # other lists are of all services
    flags = replace(
        load_options(options, () if listed else services),
        interpolate=not no_interpolate and listing != "variables",
        unfilled=no_interpolate and hashed is None and listing in {None, "services", "volumes", "networks"},
        normalise=not no_normalize,
        consistency=not no_consistency,
        resolve_env=not no_env_resolution and listing not in _UNREAD,
        resolve_paths=not no_path_resolution,
    )
    if listing == "variables":
        click.echo(_variables(_known_variables(flags), form))
        return None
    project = load_project(options, flags, printing=True)
    if hashed is not None:
        lines = [f"{name} {service_hash(project.services[name])}" for name in _hashed(project, hashed)]
    elif listing is not None:
        lines = _LISTS[listing](project)
    else:
        return _write(project, flags, form or "yaml", None if quiet else output or "-", resolve=resolve, lock=lock)
    for line in lines:
        click.echo(line)
    return None


def _write(
    project: Project, flags: LoadOptions, form: Format, output: str | None, *, resolve: bool, lock: bool
) -> None:
    """Print the project, or put it into a file; None only checks it."""
    model = render(project, escape=flags.interpolate, form=form)
    if resolve or lock:
        from fizz.client.cli.digests import ask_engine, pinned  # threads cost time that others need not spend

        written = {name: str(each["image"]) for name, each in project.services.items() if each.get("image")}
        images = pinned(written, ask_engine(os.environ))
        if lock:
            model = {"services": {name: {"image": images[name]} if name in images else {} for name in project.services}}
        for name, image in images.items():
            model["services"][name]["image"] = image
    text = to_json(model) if form == "json" else to_yaml(model).rstrip("\n")
    if output == "-":
        click.echo(text)
    elif output is not None:
        with open(output, "w", encoding="utf-8") as file:  # noqa: PTH123 # click's own way would make the file too early
            file.write(f"{text}\n")


def _known_variables(flags: LoadOptions) -> Mapping[str, Variable]:
    """What the files ask for, whatever else is wrong with them."""
    loaded = load(flags, os.environ)
    if loaded.variables is None:
        raise ProblemsInFiles([problem.format() for problem in loaded.errors])
    return loaded.variables


def _images(project: Project) -> Iterator[str]:
    """The images of services and jobs, and those of their hooks."""
    for name, each in {**project.services, **project.model.get("jobs", {})}.items():
        own = each.get("image")
        yield str(own or f"{project.name}-{name}")
        yield from (str(hook["image"]) for hook in each.get("pre_start", ()) if hook.get("image") not in {None, own})


def _hashed(project: Project, wanted: str) -> Iterator[str]:
    if wanted == "*":
        yield from sorted(project.services)
        return
    for name in wanted.split(","):
        if name not in project.services:
            raise Failure(f"no such service: {name}")
        yield name


def _variables(variables: Mapping[str, Variable], form: Format | None) -> str:
    found = sorted(variables.items())
    if form == "json":
        return to_json({name: dict(zip(_KEYS, _values(each), strict=True)) for name, each in found})
    if form == "yaml":
        lower: dict[str, Any] = {
            name: {key.lower(): value for key, value in zip(_KEYS, _values(each), strict=True)} for name, each in found
        }
        return to_yaml(lower).rstrip("\n")
    rows = [("NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE")]
    rows += [(name, str(each.required).lower(), each.default, each.alternative) for name, each in found]
    widths = [*(max(20, *(len(row[column]) + 3 for row in rows)) for column in range(3)), 0]  # as tabwriter has them
    return "\n".join("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


_KEYS: Final = ("Name", "DefaultValue", "PresenceValue", "Required")


def _values(variable: Variable) -> tuple[str, str, str, bool]:
    return variable.name, variable.default, variable.alternative, variable.required
