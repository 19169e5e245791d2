"""What a shell offers for the words of a command: kinds and names of resources, and services of the compose file.

It is asked while somebody types: what cannot be found out at once, because a file is wrong or no server answers, is not
offered, and nothing is said about it. What is large is imported only when it is needed.
"""

from typing import Final

import click

from fizz.client.cli.options import Options

__all__ = ["complete_kinds", "complete_services"]

_SECONDS: Final = 2.0
"""How long somebody who types waits for a server."""


def complete_kinds(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """For `KIND NAME...` and `KIND/NAME...`: kinds first, then the names of those that there are."""
    before = [word for word in ctx.params.get("words") or () if isinstance(word, str)]
    kind, slash, start = incomplete.partition("/")
    if slash:
        return [f"{kind}/{name}" for name in _names(ctx, kind) if name.startswith(start)]
    if before and "/" not in before[0]:
        return [name for name in _names(ctx, before[0]) if name.startswith(incomplete) and name not in before]
    from fizz.schemas.kinds import BUILTIN

    written, comma, last = incomplete.rpartition(",")
    found = sorted({each.plural for each in BUILTIN if "get" in each.verbs})
    return [f"{written}{comma}{each}" for each in found if each.startswith(last)]


def complete_services(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The services of the compose file that were not named yet."""
    named = ctx.params.get(parameter.name or "") or ()
    return [name for name in _services(ctx) if name.startswith(incomplete) and name not in named]


def _services(ctx: click.Context) -> list[str]:
    from fizz.client.cli.failures import Failure
    from fizz.client.cli.project import load_project

    try:
        return sorted(load_project(ctx.ensure_object(Options), warn=False, printing=True).services)
    except (Failure, OSError):
        return []


def _names(ctx: click.Context, kind: str) -> list[str]:
    import asyncio

    from fizz.client.api import ApiError, Client
    from fizz.client.cli.failures import Failure
    from fizz.client.cli.place import scope_of
    from fizz.client.cli.session import run
    from fizz.schemas.settings import SettingsError

    options = ctx.ensure_object(Options)

    async def names(client: Client) -> list[str]:
        async with asyncio.timeout(_SECONDS):
            found = await client.discover(kind)
            place = scope_of(options, ctx.params.get("namespace"), bool(ctx.params.get("all_namespaces")))
            listed = await client.list(found, place if found.namespaced else None)
            return sorted(item["metadata"]["name"] for item in listed.items)

    try:
        return run(options, names)
    except (ApiError, Failure, SettingsError, TimeoutError, OSError):
        return []
