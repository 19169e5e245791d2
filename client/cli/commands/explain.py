"""`fizz explain`: what may stand in a compose file, and what Fizz does with it."""

import click

from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import to_json
from fizz.client.cli.tables import table

__all__ = ["command"]


@click.command("explain")
@click.argument("attribute", required=False)
@click.option("--schema", type=click.Choice(["compose"]), help="Print a JSON Schema instead, for editors.")
def command(attribute: str | None, schema: str | None) -> None:
    """Say which attributes a compose file may have below ATTRIBUTE, and how they are honoured.

    \b
    fizz explain                                the top level
    fizz explain services.web.healthcheck       a part; names of your own may stand for any name
    fizz explain --schema compose > compose.schema.json
    """
    if schema:
        if attribute:
            raise click.UsageError("--schema prints the whole schema, so it takes no attribute")
        from fizz.client.compose.schema import compose_schema  # a second that explaining need not spend

        click.echo(to_json(compose_schema()))
        return
    from fizz.client.compose.guide import rows_below

    rows = rows_below(attribute or "")
    if not rows:
        raise Failure(f'a compose file has no attribute "{attribute}"; `fizz explain` lists the top level')
    click.echo(table(("ATTRIBUTE", "HONOURED", "HOW"), rows))
