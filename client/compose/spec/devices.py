"""Devices: nodes of the host's /dev, GPUs and other devices by capability, and limits of block devices."""

from typing import Any, Final

from fizz.client.compose.nodes import Node, empty_mapping
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import Bytes, ListOf, Pairs, Reader, Shape, Table, Text, Whole, yes
from fizz.client.compose.shapes.base import JSON, VARIABLE, either, kept

__all__ = ["BLKIO", "DEVICES", "DEVICE_REQUESTS", "GPUS"]


def _short_device(node: Node, path: Path, reader: Reader) -> Node | None:
    """`source[:target[:permissions]]`; where there is one path, it is both."""
    parts = str(node.value).split(":")
    if len(parts) > 3:
        reader.error(node, path, f'must be source[:target[:permissions]], not "{node.value}"')
        return None
    if not parts[0]:
        reader.refuse(node, path, f'must be source[:target[:permissions]], not "{node.value}"')
    source, target, permissions = (*parts, *("", "", "rwm")[len(parts) :])
    values = {"source": source, "target": target or source, "permissions": permissions}
    return Node({key: node.with_value(value) for key, value in values.items()}, node.file, node.line, node.column)


def _finish_device(node: Node, path: Path, reader: Reader) -> Node | None:
    if node.get("target") is None:
        reader.error(node, path, 'must have the key "target"')
        return None
    return node


DEVICES: Final = ListOf(
    Table(
        {
            "source": yes(Text(), "path on the host"),
            "target": yes(Text(), "path in the container"),
            "permissions": yes(Text(), "r, w, m"),
        },
        short=_short_device,
        finish=_finish_device,
        required=("source",),
        wanted="a string like /dev/sda:/dev/xvda:rwm, or a mapping",
    ),
    key=lambda node: str(node.mapping()["target"].value),
)


class _Count(Shape):
    """How many devices: a number, or `all`, which is -1."""

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        return node.with_value(-1) if node.value == "all" else Whole().read(node, path, reader)

    def schema(self) -> JSON:
        return either(Whole().schema(), {"const": "all"})


def _finish_request(node: Node, path: Path, reader: Reader) -> Node | None:
    count, ids = node.get("count"), node.get("device_ids")
    if count is not None and ids is not None:
        reader.error(node.key("device_ids"), path, "takes only one of count and device_ids")
        return None
    if count is None and ids is None:
        return node.with_value({**node.mapping(), "count": node.with_value("all" if reader.keeps else -1)})
    return node


def _requests(*required: str, lenient: bool = False) -> ListOf:
    strings = ListOf(Text(), duplicates="error")
    return ListOf(
        Table(
            {
                "capabilities": yes(strings, "what they can do"),
                "count": yes(_Count(), "how many, or all"),
                "device_ids": yes(strings, "these very devices"),
                "driver": yes(Text(), "the engine's driver for them"),
                "options": yes(Pairs(duplicates="error"), "options of the driver"),
            },
            finish=_finish_request,
            required=required,
            lenient=lenient,
        ),
        duplicates="keep",
    )


DEVICE_REQUESTS: Final = _requests("capabilities")


class _Gpus(ListOf):
    """`all`, or a list of requests."""

    def __init__(self) -> None:
        super().__init__(_requests(lenient=True).item, duplicates="keep")

    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if node.value == "all":
            everything = node.with_value({"count": node}) if reader.keeps else empty_mapping(node)
            return super().read(node.with_value([everything]), path, reader)
        if isinstance(node.value, str):
            reader.error(node, path, f'must be "all" or a list, not "{node.value}"')
            return None
        return super().read(node, path, reader)

    def schema(self) -> JSON:
        return either(super().schema(), {"type": "string", "pattern": f"^all$|{VARIABLE}"})


GPUS: Final = _Gpus()


class _Rate(Bytes):
    """A size; zero is one, too."""

    def dump(self, node: Node) -> Any:
        return str(node.value)


def _limits(key: str, shape: Shape, what: str) -> ListOf:
    def finish(node: Node, path: Path, reader: Reader) -> Node:
        """Both are printed, said or not."""
        return node.with_value({"path": node.with_value(""), key: node.with_value(0), **node.mapping()})

    keys = {"path": yes(Text(), "the disk", keep=True), key: yes(shape, what, keep=True)}
    return ListOf(Table(keys, extensions=False, finish=finish), duplicates="keep")


BLKIO: Final = Table(
    {
        "device_read_bps": yes(_limits("rate", _Rate(floats=False), "bytes a second"), "deviceReadBps"),
        "device_read_iops": yes(_limits("rate", _Rate(floats=False), "operations a second"), "deviceReadIops"),
        "device_write_bps": yes(_limits("rate", _Rate(floats=False), "bytes a second"), "deviceWriteBps"),
        "device_write_iops": yes(_limits("rate", _Rate(floats=False), "operations a second"), "deviceWriteIops"),
        "weight": yes(Whole(0, 65535, strings=False), "weight among containers"),
        "weight_device": yes(_limits("weight", Whole(0, 65535, strings=False), "weight for this disk"), "weightDevice"),
    },
    extensions=False,
)
