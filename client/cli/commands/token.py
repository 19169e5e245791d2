"""`fizz token`: tokens of users, for whoever comes over TLS."""

from datetime import UTC, datetime

import click

from fizz.client.api import Client
from fizz.client.cli.options import Options, connection_options, pass_options
from fizz.client.cli.session import run
from fizz.client.cli.tables import age, table
from fizz.client.cli.tokens import Expires, delete_token, field_of, list_tokens, make_token
from fizz.schemas.core import Secret
from fizz.schemas.tokens import secret_name

__all__ = ["command"]

MASTERS = "system:masters"


@click.group("token")
def command() -> None:
    """Make, list and delete tokens of users. ServiceAccounts have their own: `kubectl create token`."""


@command.command("create")
@click.argument("user")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of the user; may be repeated.")
@click.option("--admin", is_flag=True, help=f"The user may do anything (group {MASTERS}).")
@click.option("--expires", type=Expires(), default="30d", show_default=True, help="How long it lasts; or never.")
@click.option("--description", default="", metavar="TEXT", help="What it is for, for `fizz token list`.")
@connection_options
@pass_options
def create(options: Options, user: str, groups: tuple[str, ...], admin: bool, expires: float, description: str) -> None:
    """Make a token of USER and print it. It is shown this once.

    What the user may do is said by roles and bindings: `kubectl create clusterrolebinding`.
    """
    whole = (*groups, *([MASTERS] if admin else []))
    click.echo(run(options, lambda client: make_token(client, user, whole, expires, description)))


@command.command("list")
@connection_options
@pass_options
def list_(options: Options) -> None:
    """List the tokens that there are. What they are, nobody knows but who has them."""
    now = datetime.now(UTC)
    header = ("ID", "USER", "GROUPS", "EXPIRES", "AGE", "DESCRIPTION")
    click.echo(table(header, (_row(each, now) for each in run(options, list_tokens))))


def _row(secret: Secret, now: datetime) -> tuple[str, ...]:
    return (
        secret.name.removeprefix("token-"),
        field_of(secret, "user"),
        field_of(secret, "groups").replace("\n", ","),
        field_of(secret, "expiration") or "never",
        age(secret.metadata.creation_timestamp, now),
        field_of(secret, "description"),
    )


@command.command("delete")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@connection_options
@pass_options
def delete(options: Options, ids: tuple[str, ...]) -> None:
    """Delete tokens: they end at once."""

    async def whole(client: Client) -> None:
        for each in ids:
            await delete_token(client, secret_name(each))
            click.echo(f"token {each} deleted")

    run(options, whole)
