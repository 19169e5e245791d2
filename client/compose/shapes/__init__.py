"""The types that values in compose files have, as objects that read, merge and print them.

A `Shape` is one type. Reading checks a node, tells what is wrong and gives back the node in its one canonical form:
`"8080:80"` becomes `{target: 80, published: "8080", ...}`, `"64m"` becomes 67108864. Merging puts the canonical form of
a later file over that of an earlier one. Printing drops what says nothing. The specification itself is a table of
shapes, in `fizz.client.compose.spec`.
"""

from fizz.client.compose.shapes.base import Opaque, Reader, Shape
from fizz.client.compose.shapes.collections import ListOf, MapOf, Pairs
from fizz.client.compose.shapes.scalars import (
    Amount,
    Bytes,
    Duration,
    FileMode,
    FilePath,
    Flag,
    Loose,
    Text,
    Whole,
)
from fizz.client.compose.shapes.tables import Key, Support, Table, ignored, later, missing, refused, yes

__all__ = [
    "Amount",
    "Bytes",
    "Duration",
    "FileMode",
    "FilePath",
    "Flag",
    "Key",
    "ListOf",
    "Loose",
    "MapOf",
    "Opaque",
    "Pairs",
    "Reader",
    "Shape",
    "Support",
    "Table",
    "Text",
    "Whole",
    "ignored",
    "later",
    "missing",
    "refused",
    "yes",
]
