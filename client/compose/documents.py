"""From YAML text to nodes: composing over the events of libyaml, with limits.

In: bytes of one file. Out: the top node of every document in it, and problems with their place. The whole of YAML that
compose reads is here: anchors, aliases, merge keys, several documents, `!reset` and `!override`. Not in here: what the
values mean.

Two things could make a small file big in memory, so both are limited: nesting (`MAX_DEPTH`), and aliases of aliases of
aliases, which grow exponentially (`MAX_COPIES`).
"""

import base64
import binascii
import re
from math import isfinite
from typing import Any, Final

import yaml

from fizz.client.compose.nodes import OVERRIDE, RESET, Mark, Node, Scalar
from fizz.client.compose.problems import Problems
from fizz.client.compose.scalars import resolve, resolve_as

__all__ = ["MAX_COPIES", "MAX_DEPTH", "read_documents"]

MAX_DEPTH: Final = 100
"""Levels of nesting. Real files have about ten."""
MAX_COPIES: Final = 100_000
"""Nodes that aliases may stand for in one file, besides twice as many as are written there."""

_PARSER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = "<<"
_SLASH: Final = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_SKIPPED: Final = Mark("", 0, 0)  # in place of a key that is none: its value is left out


_OPEN_ENDED: Final = {"found unexpected end of stream", "found unexpected document indicator"}  # within a quoted text
_HINTS: Final = {
    "cannot start any token": "indent with spaces, not with tabs; quote texts that begin with @, ` or %",
    "mapping values are not allowed": 'put a text that holds ": " in quotes, and indent all keys of a mapping alike',
    "did not find expected key": "indent all keys of a mapping alike",
    "did not find expected '-' indicator": "indent all items of a list alike",
    "did not find expected ',' or ']'": "close the bracket, or put a text that holds a comma or bracket in quotes",
    "did not find expected ',' or '}'": "close the bracket, or put a text that holds a comma or bracket in quotes",
    "could not find expected ':'": "each key needs a colon and a space behind it",
}


class _BrokenError(Exception):
    """The document cannot be read any further; the problem has been told."""


def read_documents(content: bytes, file: str, problems: Problems) -> list[Node]:
    """The documents of a file that are not empty. A document that cannot be read ends the reading."""
    composer = _Composer(file, content, problems)
    parser = None
    try:
        parser = _PARSER(content)
        while (event := parser.get_event()) is not None:
            composer.take(event)
    except _BrokenError:
        pass
    except yaml.MarkedYAMLError as error:
        composer.syntax_error(error)
    except yaml.reader.ReaderError as error:
        before = content[: error.position] if isinstance(error.position, int) else b""
        place = Mark(file, before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        problems.error(place, f"not readable as text: {error.reason}", hint="save the file as UTF-8")
    except (yaml.YAMLError, UnicodeError) as error:
        problems.error(Mark(file, 1, 1), f"not readable as YAML: {error}")
    finally:
        if parser is not None:
            parser.dispose()
    return composer.documents


class _Frame:
    """A list or mapping that is still open."""

    __slots__ = ("anchor", "before", "height", "key", "merge_line", "merges", "node")

    def __init__(self, node: Node, anchor: str | None, before: int) -> None:
        self.node = node
        self.anchor = anchor
        self.before = before
        self.key: Node | Mark | None = None
        self.merges: list[Node] = []
        self.merge_line = 0
        self.height = 1  # levels from here to the deepest value inside


class _Composer:
    """Builds nodes from events, without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, file: str, content: bytes, problems: Problems) -> None:
        self.documents: list[Node] = []
        self._slashes = content.decode(errors="replace") if b"\\/" in content else ""
        self._file = file
        self._problems = problems
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._written = 0
        self._copied = 0

    def take(self, event: Any) -> None:
        """One event of the parser."""
        match event:
            case yaml.ScalarEvent():
                self._attach(self._scalar(event), event.anchor, 1)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent():
                self._begin(self._collection({}, event), event.anchor)
            case yaml.SequenceStartEvent():
                self._begin(self._collection([], event), event.anchor)
            case yaml.DocumentStartEvent():
                if event.version is not None and tuple(event.version) != (1, 1):
                    raise self._broken(
                        self._node(None, event), "a %YAML directive for another version than 1.1", "remove the line"
                    )

    def syntax_error(self, error: yaml.MarkedYAMLError) -> None:
        """Tell what libyaml stumbled over."""
        mark = error.problem_mark or error.context_mark
        text = f"YAML: {error.problem or error.context or 'not readable'}"
        if error.context_mark and error.problem in _OPEN_ENDED:
            mark, text = error.context_mark, "YAML: the quote that begins here is not closed"
        elif error.context and error.problem:
            since = f" that starts at line {error.context_mark.line + 1}" if error.context_mark else ""
            text += f" ({error.context}{since})"
        place = Mark(self._file, mark.line + 1, mark.column + 1) if mark else Mark(self._file, 1, 1)
        hint = next((hint for part, hint in _HINTS.items() if part in text), "")
        self._problems.error(place, text, hint=hint)

    def _broken(self, place: Node, text: str, hint: str = "") -> _BrokenError:
        self._problems.error(place, text, hint=hint)
        return _BrokenError()

    def _node(self, value: Scalar, event: Any) -> Node:
        mark = event.start_mark
        node = Node(value, self._file, mark.line + 1, mark.column + 1)
        if isinstance(value, float) and not isfinite(value):
            self._problems.error(node, "infinity and not-a-number have no place here", hint="write it in quotes")
        return node

    def _collection(self, value: Any, event: Any) -> Node:
        mark = event.start_mark
        keys: dict[str, Mark | Node] | None = {} if isinstance(value, dict) else None
        tag = event.tag if event.tag in {RESET, OVERRIDE} else None
        return Node(value, self._file, mark.line + 1, mark.column + 1, keys=keys, tag=tag)

    def _scalar(self, event: Any) -> Node:
        tag, text = event.tag, event.value
        if self._slashes and event.style == '"':
            written = self._slashes[event.start_mark.index : event.end_mark.index]
            if _SLASH.search(written):
                self._problems.error(
                    self._node(None, event), "YAML: \\/ is no escape that compose knows", hint="write /"
                )
        if tag is None:
            node = self._node(resolve(text) if event.implicit[0] else text, event)
            if text == _MERGE and event.implicit[0]:
                node.tag = _MERGE
            return node
        if tag in {RESET, OVERRIDE}:
            node = self._node(resolve(text) if event.style is None else text, event)
            node.tag = tag
            return node
        if not tag.startswith(_YAML_TAG):
            return self._node(resolve(text) if event.style is None and tag != "!" else text, event)
        name = tag.removeprefix(_YAML_TAG)
        if name == "merge" and text == _MERGE:
            node = self._node(text, event)
            node.tag = _MERGE
            return node
        try:
            if name == "binary":
                return self._node(base64.b64decode(text, validate=False).decode(), event)
            return self._node(resolve_as(name, text), event)
        except (ValueError, binascii.Error):
            self._problems.error(self._node(None, event), f"not a value of type !!{name}")
            return self._node(None, event)

    def _alias(self, event: Any) -> None:
        place = self._node(None, event)
        if event.anchor not in self._anchors:
            raise self._broken(place, f"YAML: there is no anchor &{event.anchor} before this alias")
        target = self._anchors[event.anchor]
        if target is None:
            raise self._broken(place, f"YAML: the alias *{event.anchor} is inside of what it stands for")
        node, size, height = target
        self._copied += size
        if self._copied > MAX_COPIES + 2 * self._written:
            raise self._broken(place, "YAML: aliases make the file too large: they stand for more than "
                               f"{MAX_COPIES + 2 * self._written} values")  # fmt: skip
        if len(self._open) + height > MAX_DEPTH:
            raise self._broken(place, f"YAML: aliases make the file nested deeper than {MAX_DEPTH} levels")
        self._attach(node, None, 0, height=height)

    def _begin(self, node: Node, anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise self._broken(node, f"YAML: nested deeper than {MAX_DEPTH} levels")
        if anchor:
            self._anchors[anchor] = None
        self._open.append(_Frame(node, anchor, self._written + self._copied))

    def _close(self) -> None:
        frame = self._open.pop()
        for source in frame.merges:
            self._merge(frame.node, source)
        size = self._written + self._copied - frame.before + 1
        self._attach(frame.node, frame.anchor, 1, size, frame.height)

    def _attach(self, node: Node, anchor: str | None, written: int, size: int = 1, height: int = 0) -> None:
        """Put a finished node where it belongs: into the document, a list, or a mapping as key or as value."""
        self._written += written
        if anchor:
            self._anchors[anchor] = (node, size, height)
        if not self._open:
            self.documents.append(node)
            return
        frame = self._open[-1]
        frame.height = max(frame.height, height + 1)
        match frame.node.value:
            case list() as items:
                if node.tag != RESET:
                    items.append(node)
            case dict() as mapping if frame.key is None:
                frame.key = self._as_key(node, mapping, frame)
            case dict() as mapping:
                key, frame.key = frame.key, None
                if isinstance(key, Node) and key.tag == _MERGE:
                    frame.merges.append(node)
                elif isinstance(key, Node) and isinstance(key.value, str) and frame.node.keys is not None:
                    mapping[key.value] = node
                    frame.node.keys[key.value] = key

    def _as_key(self, node: Node, mapping: dict[str, Node], frame: _Frame) -> Node | Mark:
        if not isinstance(node.value, str):
            self._problems.error(node, f"a key must be a string, not {_shown(node)}", hint="write it in quotes")
            return _SKIPPED
        if node.tag == _MERGE:
            if frame.merge_line:
                self._problems.error(node, f"the key << is already defined at line {frame.merge_line}")
            frame.merge_line = node.line
        elif node.value in mapping and frame.node.keys is not None:
            first = frame.node.keys[node.value].line
            self._problems.error(node, f'the key "{node.value}" is already defined at line {first}')
            return _SKIPPED
        return node

    def _merge(self, target: Node, source: Node) -> None:
        """`<<: *base` or `<<: [*a, *b]`: entries that the mapping lacks; the first that has one wins."""
        match source.value:
            case dict() as entries:
                for key, child in entries.items():
                    if isinstance(target.value, dict) and target.keys is not None and key not in target.value:
                        target.value[key] = child
                        target.keys[key] = source.key(key)
            case list() as sources if all(isinstance(item.value, dict) for item in sources):
                for item in sources:
                    self._merge(target, item)
            case _:
                self._problems.error(source, "YAML: << takes a mapping or a list of mappings")


def _shown(node: Node) -> str:
    match node.value:
        case None:
            return "nothing"
        case dict() | list():
            return "a mapping or list"
        case value:
            return str(value).lower() if isinstance(value, bool) else str(value)
