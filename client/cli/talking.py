"""What `exec`, `attach` and `run` have in common: variables, the keys that detach, what is said in the end."""

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from fizz.client.cli.detach import DEFAULT_KEYS, parse_keys
from fizz.schemas.channels import Ending

__all__ = ["detach_keys_option", "environment", "tell_end"]

F = TypeVar("F", bound=Callable[..., Any])


def _keys(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        parse_keys(value)
    except ValueError as problem:
        raise click.BadParameter(str(problem), ctx, parameter) from problem
    return value


def detach_keys_option(command: F) -> F:
    """How the person leaves."""
    return click.option(
        "--detach-keys",
        default=DEFAULT_KEYS,
        metavar="KEYS",
        callback=_keys,
        help=f"Keys that leave the terminal and let the program go on; {DEFAULT_KEYS} if not given.",
    )(command)


def environment(words: Iterable[str]) -> tuple[str, ...]:
    """`NAME=value`; a NAME alone has the value that it has here, and is left out if it has none."""
    known = ((word, os.environ.get(word)) if "=" not in word else (word, "") for word in words)
    return tuple(word if "=" in word else f"{word}={value}" for word, value in known if value is not None)


def tell_end(ending: Ending) -> int:
    """The exit code of a conversation; who left is told so, as docker does."""
    if ending.detached:
        click.echo("read escape sequence", err=True)
    return ending.exit_code
