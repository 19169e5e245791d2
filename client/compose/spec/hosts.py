"""Lines for the hosts file: `name=address`, `name:address`, or a mapping of names to one or several addresses."""

from typing import Any

from fizz.client.compose.nodes import KEPT, RESET, Mark, Node, broken
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import Reader, Shape
from fizz.client.compose.shapes.base import JSON, STRING, either
from fizz.client.compose.shapes.collections import forbid_duplicates, merge_mappings, read_reset

__all__ = ["Hosts"]


class _Addresses(Shape):
    """The addresses of one name. Those of a later file are added."""

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        written = node.value if isinstance(node.value, list) else [node]
        addresses: list[Node] = []
        for item in written:
            if not isinstance(item.value, str):
                reader.wrong_type(item, path, "an address, or a list of addresses")
                return None
            addresses += [item.with_value(_bare(address)) for address in item.value.split(",")]
        return Node(addresses, node.file, node.line, node.column, tag=node.tag)

    def schema(self) -> JSON:
        return either(STRING, {"type": "array", "items": STRING})

    def merge(self, base: Node, over: Node) -> Node:
        known = {item.value for item in base.items()}
        return over.with_value([*base.items(), *(item for item in over.items() if item.value not in known)])


class Hosts(Shape):
    """Names and their addresses. `host-gateway` stands for the host itself."""

    def __init__(self) -> None:
        self._addresses = _Addresses()

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if reader.keeps and isinstance(node.value, list | dict):
            self._check_kinds(node, path, reader)
            return Node(node.value, node.file, node.line, node.column, keys=node.keys, tag=node.tag or KEPT)
        match node.value:
            case dict() as mapping:
                written, keys = list(mapping.items()), dict(node.keys or {})
            case list() as items:
                forbid_duplicates(items, path, reader)
                written, keys = self._split(items, path, reader)
            case _:
                reader.wrong_type(node, path, "a mapping, or a list of name=address")
                return None
        result: dict[str, Node] = {}
        for name, child in written:
            value = read_reset(child) or self._addresses.read(child, (*path, name), reader) or broken(child)
            known = result.get(name)
            result[name] = self._addresses.merge(known, value) if known and value.tag != RESET else value
        return Node(result, node.file, node.line, node.column, keys=keys, tag=node.tag)

    def schema(self) -> JSON:
        written = {"type": "object", "additionalProperties": self._addresses.schema()}
        return either(written, {"type": "array", "items": STRING})

    def merge(self, base: Node, over: Node) -> Node:
        if base.tag == KEPT:
            return over.with_value([*_lines(base), *_lines(over)])
        return merge_mappings(base, over, lambda name: self._addresses)

    def dump(self, node: Node) -> Any:
        """`name=address`, sorted."""
        return sorted(
            f"{name}={each.value}" for name, addresses in node.mapping().items() for each in addresses.items()
        )

    @staticmethod
    def _check_kinds(node: Node, path: Path, reader: Reader) -> None:
        """Where values are kept, they are at least texts."""
        forbid_duplicates(node.items(), path, reader)
        named = [((*path, name), child) for name, child in node.mapping().items() if child.tag != RESET]
        for here, child in [*(((*path, index), item) for index, item in enumerate(node.items())), *named]:
            for item in child.items() or [child]:
                if not isinstance(item.value, str) and item.value != []:
                    reader.wrong_type(item, here, "an address, or a list of addresses")

    def _split(
        self, items: list[Node], path: Path, reader: Reader
    ) -> tuple[list[tuple[str, Node]], dict[str, Mark | Node]]:
        written: list[tuple[str, Node]] = []
        keys: dict[str, Mark | Node] = {}
        for index, item in enumerate(items):
            if not isinstance(item.value, str):
                reader.wrong_type(item, (*path, index), "a string like name=address")
                continue
            name, separator, address = item.value.partition("=" if "=" in item.value else ":")
            if not separator or not name:
                reader.error(item, (*path, index), f'must be name=address, not "{item.value}"')
                continue
            if not address:
                reader.warn(item, (*path, index), f'gives "{name}" no address, so it has no effect')
            written.append((name, item.with_value(address)))
            keys[name] = item
        return written, keys


def _lines(node: Node) -> list[Node]:
    """Lines that are kept as they are written."""
    return node.items() or [
        address.with_value(f"{name}={address.value}")
        for name, child in node.mapping().items()
        for address in child.items() or [child]
    ]


def _bare(address: str) -> str:
    return address[1:-1] if address.startswith("[") and address.endswith("]") else address
