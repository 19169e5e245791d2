"""What people mean by `deployments`, `deploy/web`, `deployment web db` or `secrets,configmaps`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

__all__ = ["Target", "parse_targets"]


@dataclass(frozen=True, slots=True)
class Target:
    """A kind as it was written, and the name of one object, or None for all of them."""

    kind: str
    name: str | None = None


def parse_targets(words: Sequence[str]) -> list[Target]:
    """`KIND[,KIND...] [NAME...]` or `KIND/NAME...`. Raises `click.UsageError`."""
    if not words:
        raise click.UsageError("Say which kind, as in `fizz get deployments`.")
    if any("/" in word for word in words):
        return [_pair(word) for word in words]
    kinds = [kind for kind in words[0].split(",") if kind]
    names = words[1:]
    if not kinds:
        raise click.UsageError(f"{words[0]!r} is no kind.")
    return [Target(kind, name) for kind in kinds for name in names] if names else [Target(kind) for kind in kinds]


def _pair(word: str) -> Target:
    kind, _, name = word.partition("/")
    if not kind or not name or "/" in name:
        raise click.UsageError(f"{word!r} is not KIND/NAME; if one word is, all must be.")
    return Target(kind, name)
