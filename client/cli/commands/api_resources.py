"""`fizz api-resources`: which kinds the server knows, and how they are called."""

import click

from fizz.client.cli.options import Options, connection_options, pass_options
from fizz.client.cli.session import run
from fizz.client.cli.tables import table

__all__ = ["command"]


@click.command("api-resources")
@click.option("--namespaced/--cluster-scoped", default=None, help="Only kinds that live in namespaces, or only others.")
@connection_options
@pass_options
def command(options: Options, namespaced: bool | None) -> None:
    """List the kinds that the server knows, and how they are called."""
    kinds = [kind for kind in run(options, lambda client: client.kinds()) if namespaced in {None, kind.namespaced}]
    rows = [
        (kind.plural, ",".join(kind.short_names) or " ", kind.api_version, str(kind.namespaced).lower(), kind.kind)
        for kind in sorted(kinds, key=lambda kind: (kind.group, kind.plural))
    ]
    click.echo(table(("NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"), rows))
