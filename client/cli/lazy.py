"""A click group whose commands are imported when they are called, so that help and small commands start fast."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = ["Lazy", "LazyGroup"]


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is not imported yet: `module:attribute`, the line in the group's help, and its chapter there."""

    target: str
    help: str
    chapter: str

    def load(self) -> click.Command:
        """Import it."""
        module, _, attribute = self.target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


class LazyGroup(click.Group):
    """Knows its commands by name, help and where to import them from."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy)

    def add_lazy(self, commands: Mapping[str, Lazy]) -> None:
        """Commands of other rooms."""
        self._lazy.update(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = self._lazy.get(cmd_name)
        return found.load() if found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._lazy and not args[0].startswith("-"):
            close = get_close_matches(args[0], self._lazy, n=1)
            meant = f" Did you mean `fizz {close[0]}`?" if close else " `fizz --help` lists them."
            raise click.UsageError(f"There is no command {args[0]!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [
            CompletionItem(name, help=lazy.help) for name, lazy in self._lazy.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        chapters: dict[str, list[tuple[str, str]]] = {}
        for name, lazy in self._lazy.items():
            chapters.setdefault(lazy.chapter, []).append((name, lazy.help))
        for chapter, rows in chapters.items():
            with formatter.section(chapter):
                formatter.write_dl(rows)
