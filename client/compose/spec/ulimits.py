"""Limits of the kernel: one number for both limits, or `{soft, hard}`."""

from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import MapOf, Reader, Shape, Table, Whole, yes
from fizz.client.compose.shapes.base import JSON, either, kept

__all__ = ["BUILD_ULIMITS", "ULIMITS"]

_NUMBER: Final = Whole(exact=True)
_LIMITS: Final = Table(
    {"soft": yes(_NUMBER, "soft limit", keep=True), "hard": yes(_NUMBER, "hard limit", keep=True)},
    required=("soft", "hard"),
    wanted="a number, or a mapping with soft and hard",
)


class _Ulimit(Shape):
    """Both limits. A later file's number replaces a mapping, and the other way round."""

    def __init__(self, number: Whole) -> None:
        self._number = number

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if isinstance(node.value, str | int | float) and not isinstance(node.value, bool):
            return self._number.read(node, path, reader)
        limits = _LIMITS.read(node, path, reader)
        if limits is not None:
            _LIMITS.missing(limits, path, reader)
        return limits

    def schema(self) -> JSON:
        return either(self._number.schema(), _LIMITS.schema())

    def merge(self, base: Node, over: Node) -> Node:
        both = isinstance(base.value, dict) and isinstance(over.value, dict)
        return _LIMITS.merge(base, over) if both else over

    def dump(self, node: Node) -> object:
        return _LIMITS.dump(node) if isinstance(node.value, dict) else node.value or {"soft": 0, "hard": 0}


ULIMITS: Final = MapOf(_Ulimit(_NUMBER))
BUILD_ULIMITS: Final = MapOf(_Ulimit(Whole(exact=True, strings=False)))
