r"""Commands: lists of words, or one string that is split into words the way compose does it.

The splitting is a shell's, with surprises: `\n` and `\t` are a line break and a tab anywhere outside of single quotes;
`` `...` `` and `$(...)` hold words together; an unquoted `|`, `;`, `&`, `<` or `>` ends the command, and what follows
it is dropped, with a warning.
"""

from typing import Final

from fizz.client.compose.nodes import Node
from fizz.client.compose.problems import Path
from fizz.client.compose.shapes import ListOf, Reader, Shape, Text
from fizz.client.compose.shapes.base import JSON, STRING, either, kept

__all__ = ["Command", "TestCommand", "split_command"]

_ESCAPES: Final = {"n": "\n", "t": "\t"}
_ENDS: Final = frozenset(";&|<>")


def split_command(text: str) -> tuple[list[str], str]:
    """The words of a command, and what was dropped behind a shell operator. Raises `ValueError` for open quotes."""
    splitter = _Splitter()
    for index, char in enumerate(text):
        if not splitter.take(char):
            return splitter.finish(), text[index:]
    return splitter.finish(), ""


class _Splitter:
    """One character at a time. `word` is None between words."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.word: str | None = None
        self.escaped = False
        self.quote = ""  # the quote that is open: ' or "
        self.back = False  # inside of `...`
        self.dollar = False  # inside of $(...)

    def take(self, char: str) -> bool:
        """False if the command ends here."""
        if self.escaped:
            self.escaped = False
            self._add(_ESCAPES.get(char, char))
        elif char == "\\" and self.quote != "'":
            self.escaped = True
        elif char in " \t\r\n" and not (self.quote or self.back or self.dollar):
            self._end_word()
        elif char in "'\"" and not self.dollar and self.quote in {"", char}:
            self.quote = "" if self.quote else char
            self._add("")
        elif char in _ENDS and not (self.quote or self.back or self.dollar):
            if char == ">" and self.word and self.word[0].isdigit():
                self.word = None  # the number of a file descriptor, as in 2>log
            return False
        else:
            self._bracket(char)
            self._add(char)
        return True

    def finish(self) -> list[str]:
        """The words. Raises `ValueError` if something is still open."""
        if self.escaped or self.quote or self.back or self.dollar:
            raise ValueError("a quote or bracket is not closed")
        self._end_word()
        return self.words

    def _add(self, text: str) -> None:
        self.word = (self.word or "") + text

    def _end_word(self) -> None:
        if self.word is not None:
            self.words.append(self.word)
        self.word = None

    def _bracket(self, char: str) -> None:
        if char == "`" and not (self.quote or self.dollar):
            self.back = not self.back
        elif char == ")" and not (self.quote or self.back):
            self.dollar = not self.dollar
        elif char == "(" and not (self.quote or self.back):
            if self.dollar or not (self.word or "").endswith("$"):
                raise ValueError("a ( outside of quotes")
            self.dollar = True


class Command(Shape):
    """Null (the image's own), a string, or a list of words. A later file replaces it."""

    yields = False

    def __init__(self) -> None:
        self._words = ListOf(Text(), duplicates="keep")

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if node.value is None and node.tag is None:
            return node
        if not isinstance(node.value, str):
            if not isinstance(node.value, list):
                reader.wrong_type(node, path, "a string or a list of strings")
                return None
            return self._words.read(node, path, reader)
        if reader.as_written(node):
            return node
        try:
            words, dropped = split_command(node.value)
        except ValueError as error:
            reader.error(node, path, f"cannot be split into words: {error}", "write it as a list")
            return None
        if dropped:
            reader.warn(
                node,
                path,
                f'ends before "{dropped[0]}"; the rest is dropped, because no shell runs it',
                'write ["sh", "-c", "..."] to use one',
            )
        return node.with_value([Node(word, node.file, node.line, node.column) for word in words])

    def schema(self) -> JSON:
        return either(STRING, self._words.schema(), nullable=True)


class TestCommand(Shape):
    """The command of a health check: a shell's line, or a list that begins with NONE, CMD or CMD-SHELL. That it does is
    checked with the whole project.
    """

    yields = False

    def __init__(self) -> None:
        self._words = ListOf(Text(), duplicates="keep")

    @kept
    def read(self, node: Node, path: Path, reader: Reader) -> Node | None:
        if isinstance(node.value, str):
            first = Node("CMD-SHELL", node.file, node.line, node.column)
            return node.with_value([first, Node(node.value, node.file, node.line, node.column)])
        if not isinstance(node.value, list):
            reader.wrong_type(node, path, "a string or a list of strings")
            return None
        return self._words.read(node, path, reader)

    def schema(self) -> JSON:
        return either(STRING, self._words.schema())
