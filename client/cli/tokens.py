"""Tokens of users as Secrets: making, listing, and removing those that have expired. See `schemas/tokens`."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from fizz.client.api import Client, NotFound
from fizz.client.cli.failures import Failure
from fizz.schemas import times
from fizz.schemas.core import Secret
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.tokens import NAMESPACE, TYPE, new_token

__all__ = ["Expires", "delete_token", "field_of", "list_tokens", "make_token", "remove_expired"]

_SELECTOR = f"type={TYPE}"


class Expires(click.ParamType[float]):
    """How long a token lasts: 12h, 30d, or `never`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if value == "never":
            return 0.0
        from fizz.schemas.durations import parse_duration

        try:
            seconds = parse_duration(str(value)) / 1e9
        except ValueError as problem:
            self.fail(f"{problem}, or never", param, ctx)
        if seconds <= 0:
            self.fail("a token lasts longer than that", param, ctx)
        return seconds


async def make_token(client: Client, user: str, groups: Sequence[str], lasts: float, description: str = "") -> str:
    """A new token of a user, which lasts so many seconds (0: for ever). Those that have expired are removed."""
    await remove_expired(client)
    token = new_token()
    data = {"hash": token.hash, "user": user, "groups": "\n".join(groups), "description": description}
    if lasts:
        data["expiration"] = times.format_seconds(datetime.now(UTC) + timedelta(seconds=lasts))
    metadata = ObjectMeta(name=token.secret_name, namespace=NAMESPACE)
    await client.create(
        Secret(metadata=metadata, type=TYPE, string_data={key: value for key, value in data.items() if value})
    )
    return token.text


async def list_tokens(client: Client) -> list[Secret]:
    """The Secrets of all tokens."""
    return list((await client.list(Secret, NAMESPACE, field_selector=_SELECTOR)).items)


async def remove_expired(client: Client) -> None:
    """Delete what can be used no more."""
    now = datetime.now(UTC)
    for secret in await list_tokens(client):
        expiration = field_of(secret, "expiration")
        if expiration and times.parse(expiration) < now:
            await delete_token(client, secret.name)


async def delete_token(client: Client, name: str) -> None:
    """Delete a token's Secret. Raises `Failure` if it is not there."""
    try:
        await client.delete(Secret, name, NAMESPACE)
    except NotFound:
        raise Failure(f"there is no token {name.removeprefix('token-')}; `fizz token list` shows all") from None


def field_of(secret: Secret, key: str) -> str:
    """One of the texts of a token's Secret; empty if it has none."""
    try:
        return base64.b64decode((secret.data or {}).get(key, "")).decode()
    except (binascii.Error, ValueError):
        return ""
