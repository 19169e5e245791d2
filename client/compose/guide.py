"""The guide's table of attributes, made from the specification, so that the two cannot disagree."""

from fizz.client.compose.shapes import Support
from fizz.client.compose.spec import PROJECT

__all__ = ["attribute_table"]

_WORDS = {Support.YES: "yes", Support.LATER: "not yet", Support.IGNORED: "no effect"}


def attribute_table() -> str:
    """Every attribute that Fizz knows, whether it is honoured, and how; nothing from inside of one that is not."""
    lines = ["| attribute | honoured | how |", "|---|---|---|"]
    hidden = "\0"
    for path, support, note in PROJECT.attributes():
        if path.startswith((f"{hidden}.", f"{hidden}[")):
            continue
        if support is not Support.YES:
            hidden = path
        lines.append(f"| `{path}` | {_WORDS[support]} | {note} |".replace("|  |", "| |"))
    return "\n".join(lines)
