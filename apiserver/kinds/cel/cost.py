"""What a rule may cost at most, told when the definition is written: loops in loops over what has no bound are refused,
and so are searches in each of very many long texts.

The estimate is coarser than Kubernetes', and never above it: it counts how often a rule runs (once for each value that
its level may have), how its loops multiply, and a tenth of a step for each byte of a text that is searched or
rewritten. A list, map or text without `maxItems`, `maxProperties` or `maxLength` may hold what a request of 3 MiB can;
a character may have four bytes. At run time every evaluation has a budget of its own (see `engine`).

    spec.hosts: array of strings, no maxItems                    at most 1,048,576 items
    self.all(h, h.startsWith("a"))                               1,048,576 steps: fine
    self.all(h, h.contains("a"))                                 1,048,576 * 314,573 steps: refused
    self.all(h, self.exists_one(i, i == h))                      1,048,576 ** 2 steps: refused

Source: "Resource use by validation functions" in the documentation of CustomResourceDefinitions.
"""

import math
import re
from typing import Final

from fizz.apiserver.kinds.cel.engine import LITERALS
from fizz.apiserver.kinds.nodes import Node

__all__ = ["estimate", "too_dear"]

_REQUEST_BYTES: Final = 3 * 1024 * 1024
_LIMIT: Final = 10_000_000
_LOOP: Final = re.compile(
    r"(?P<range>[A-Za-z_][\w.\[\]?]*)?\.(?P<macro>all|exists|exists_one|existsOne|map|filter|transformList"
    r"|transformMap|transformMapEntry)\(\s*(?P<name>[A-Za-z_]\w*)\s*,"
)
_SEARCH: Final = re.compile(
    r"(?P<text>[A-Za-z_][\w.\[\]?]*)\.(?:contains|find|findAll|indexOf|lastIndexOf|lowerAscii|matches|replace|split|trim"
    r"|upperAscii)\("
)
_BYTES_PER_CHARACTER: Final = 4
_STEPS_PER_BYTE: Final = 0.1
_SIZES: Final = {"string": 3, "integer": 2, "number": 2, "boolean": 5, "object": 3, "array": 3, "": 2}


def estimate(node: Node | None) -> int:
    """How many items or fields a list or map holds at most; 1 for all else."""
    if node is None:
        return 1
    if node.type == "array":
        if node.max_items is not None:
            return max(node.max_items, 1)
        return _REQUEST_BYTES // _smallest(node.items)
    if node.type == "object" and node.additional:
        if node.max_properties is not None:
            return max(node.max_properties, 1)
        return _REQUEST_BYTES // (_smallest(node.additional) + 4)
    return 1


def _smallest(node: Node | None) -> int:
    """Bytes of the smallest JSON of a value, with the comma behind it."""
    if node is None:
        return _SIZES[""]
    return _SIZES[node.type] + sum(len(name) + 4 + _smallest(node.properties.get(name)) for name in node.required)


def too_dear(rule: str, node: Node, times: int) -> str | None:
    """What to say of a rule whose estimate is over the limit, or None. `times` is how often the level may be there."""
    cost = times * _loops(LITERALS.sub("''", rule), {"self": node, "oldSelf": node})
    if cost <= _LIMIT:
        return None
    factor = cost / _LIMIT
    said = "more than 100x" if factor > 100 else f"{factor:.1f}x"
    return (
        f"estimated rule cost exceeds budget by factor of {said} (try simplifying the rule, or adding maxItems, "
        "maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )


def _searches(text: str, scope: dict[str, Node | None]) -> int:
    """The steps of all searches in a text that has no loops."""
    return sum(_length(_resolve(match["text"], scope)) for match in _SEARCH.finditer(text))


def _length(node: Node | None) -> int:
    """The steps of going through a text once."""
    if node is None or node.type != "string":
        return 1
    longest = _REQUEST_BYTES if node.max_length is None else node.max_length * _BYTES_PER_CHARACTER
    if node.enum:
        longest = max(len(str(each)) for each in node.enum)
    return max(1, math.ceil(min(longest, _REQUEST_BYTES) * _STEPS_PER_BYTE))


def _loops(text: str, scope: dict[str, Node | None]) -> int:
    """The steps of all loops and searches in a text; those inside loops multiply."""
    total, position = 1, 0
    while match := _LOOP.search(text, position):
        total += _searches(text[position : match.start()], scope)
        end = _closing(text, match.end())
        ranged = _resolve(match["range"] or "", scope)
        item = (ranged.items or ranged.additional) if ranged else None
        inside = {**scope, match["name"]: item}
        total += estimate(ranged) * _loops(text[match.end() : end], inside)
        position = end
    return total + _searches(text[position:], scope)


def _closing(text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    return len(text)


def _resolve(path: str, scope: dict[str, Node | None]) -> Node | None:
    first, *names = re.split(r"\.\??|\[[^\]]*\]", path)
    node = scope.get(first)
    for name in names:
        if node is None or not name:
            break
        node = node.properties.get(name) or node.additional
    return node
