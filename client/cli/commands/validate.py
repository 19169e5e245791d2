"""`fizz validate`: check compose files, and say all that is wrong with them at once."""

import click

from fizz.client.cli.options import Options, pass_options, project_options
from fizz.client.cli.project import load_project, to_resources

__all__ = ["command"]


@click.command("validate")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing where nothing is wrong.")
@project_options
@pass_options
def command(options: Options, files: tuple[str, ...], quiet: bool) -> None:
    """Check compose files, and say all that is wrong with them.

    One line a problem, `file:line:column: message`; exit code 1 if one of them is an error.
    """
    options.file.extend(files)
    project = load_project(options)
    resources = to_resources(project).objects
    if not quiet:
        count = len(project.services)
        click.echo(
            f"{', '.join(project.files)}: valid, {count} service{'s' * (count != 1)}, {len(resources)} resources"
        )
