"""Writes docs/reference/ from the code: every kind with its fields, every command with its options.

hack/reference writes the pages; `hack/reference --check` says which of them are out of date and fails.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from fizz.__main__ import ELSEWHERE
from fizz.client.cli.main import group
from fizz.schemas.kinds import BUILTIN, Kind
from fizz.schemas.structural import structural_schema

__all__ = ["pages"]

_FOLDER = Path(__file__).parents[1] / "docs" / "reference"
_NOTE = "<!-- Written by hack/reference; change the code and run it again. -->\n"


def pages() -> dict[str, str]:
    """The reference pages by file name."""
    return {"kinds.md": _kinds(), "commands.md": _commands()}


def _kinds() -> str:
    parts = [_NOTE, "# Kinds\n", "Every kind that Fizz serves, with its fields. `metadata` is Kubernetes' own.\n"]
    for kind in sorted(BUILTIN, key=lambda each: (each.group, each.kind)):
        parts += _kind(kind)
    return "\n".join(parts)


def _kind(kind: Kind) -> Iterator[str]:
    schema = structural_schema(kind.model)
    yield f"## {kind.kind} ({kind.api_version})\n"
    yield f"{schema['description']}\n"
    names = ", ".join(f"`{name}`" for name in (kind.resource, *kind.short_names))
    scope = "in a namespace" if kind.namespaced else "of the cluster"
    yield f"{names}; {scope}.\n"
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    for name, node in schema["properties"].items():
        if name not in {"apiVersion", "kind", "metadata"}:
            yield from _field(name, node, name in schema.get("required", ()))
    yield ""


def _field(path: str, node: dict[str, Any], required: bool) -> Iterator[str]:
    shown = _type(node) + (", required" if required else "")
    meaning = node.get("description", "").replace("|", "\\|")
    if "default" in node:
        meaning += f" Default: `{node['default']}`."
    yield f"| `{path}` | {shown} | {meaning} |"
    inner = node.get("items", node)
    suffix = "[]" if "items" in node else ""
    for name, child in inner.get("properties", {}).items():
        yield from _field(f"{path}{suffix}.{name}", child, name in inner.get("required", ()))


def _type(node: dict[str, Any]) -> str:
    if "enum" in node:
        return " \\| ".join(f"`{value}`" for value in node["enum"])
    if node.get("x-kubernetes-int-or-string"):
        return "quantity"
    match node.get("type"):
        case "array":
            return f"list of {_type(node['items'])}"
        case "object" if "additionalProperties" in node:
            return f"map of {_type(node['additionalProperties'])}"
        case other:
            return f"{other} ({node['format']})" if "format" in node else str(other)


def _commands() -> str:
    parts = [_NOTE, "# Commands\n"]
    cli = group(ELSEWHERE)
    context = click.Context(cli, info_name="fizz", max_content_width=100, terminal_width=100)
    parts.append(_help(cli, context))
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        parts += [f"## fizz {name}\n", _help(command, inner)]
    return "\n".join(parts)


def _help(command: click.Command, context: click.Context) -> str:
    return f"```\n{command.get_help(context)}\n```\n"


def main() -> int:
    """Write or check the pages; 1 where a checked page is out of date."""
    stale = 0
    for name, text in pages().items():
        path = _FOLDER / name
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.relative_to(_FOLDER.parents[1])} is out of date: run hack/reference")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
