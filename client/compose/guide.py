"""The guide's table of attributes, made from the specification, so that the two cannot disagree."""

from collections.abc import Iterator
from itertools import zip_longest

from fizz.client.compose.shapes import Support
from fizz.client.compose.spec import PROJECT

__all__ = ["attribute_table", "rows_below"]

_CLOSED = (Support.LATER, Support.REFUSED, Support.IGNORED)
"""What hides all that is inside of it."""

Row = tuple[str, str, str]


def attribute_table() -> str:
    """Every attribute that Fizz knows, whether it is honoured, and how; nothing from inside of one that is not."""
    lines = [f"| `{path}` | {honoured} | {how} |".replace("|  |", "| |") for path, honoured, how in _rows()]
    return "\n".join(["| attribute | honoured | how |", "|---|---|---|", *lines])


def rows_below(attribute: str) -> list[Row]:
    """The rows of an attribute and of those directly below it; `""` is the top level. Any name stands for `*`."""
    wanted = _steps(attribute)
    return [
        (path, honoured, how or "-")
        for path, honoured, how in _rows()
        if len(wanted) <= len(steps := _steps(path)) <= len(wanted) + 1
        and all(step in {"*", asked} or asked is None for step, asked in zip_longest(steps, wanted))
    ]


def _steps(path: str) -> list[str]:
    """`services.web.ports[0].target` -> services, web, ports, target: what is in a list is below the list."""
    return [step.partition("[")[0] for step in path.split(".") if step]


def _rows() -> Iterator[Row]:
    hidden = "\0"
    for path, support, note in PROJECT.attributes():
        if path.startswith((f"{hidden}.", f"{hidden}[")):
            continue
        if support in _CLOSED:
            hidden = path
        yield path, support.value, note
