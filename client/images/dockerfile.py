"""The little that must be known of a Dockerfile: where its stages begin, and which line a step was. Pure."""

import re
from typing import Final

__all__ = ["line_of_step", "plain_message", "with_stages"]

_FROM: Final = re.compile(r"^[ \t]*FROM[ \t]", re.IGNORECASE | re.MULTILINE)
_STEP: Final = re.compile(r"^\[[^\]]*\] +(.*)$", re.DOTALL)
_PARSE_ERROR: Final = re.compile(r"(?:parse error|error) (?:on )?line (\d+)|Dockerfile:(\d+)", re.IGNORECASE)
_LAYERS: Final = re.compile(
    r"^(?:failed to solve(?: with frontend \S+)?: |failed to create LLB definition: |rpc error: code = \w+ desc = )+"
)
_LINE: Final = re.compile(r"\bline (\d+)")
_COMMENT: Final = re.compile(r"^\s*#.*$")


def with_stages(text: str, stages: dict[str, str]) -> str:
    """The Dockerfile with further stages before its first: by name, the image that each is.

    They come behind the arguments that are global because they stand before the first FROM.
    """
    first = _FROM.search(text)
    if not stages or first is None:
        return text
    lines = "".join(f"FROM {image} AS {name}\n" for name, image in stages.items())
    return text[: first.start()] + lines + text[first.start() :]


def line_of_step(text: str, step: str, message: str) -> int | None:
    """The line that a failed build is about: the message says it, or it is where the step's instruction is written."""
    if said := _PARSE_ERROR.search(message):
        return int(said[1] or said[2])
    found = _STEP.match(step)
    wanted = _plain(found[1] if found else step)
    if not wanted:
        return None
    for number, instruction in _instructions(text):
        if _plain(instruction) == wanted:
            return number
    return None


def plain_message(message: str, added: int = 0) -> str:
    """What a builder says, without the layers of software that it came through, and in the lines of the file as it is
    written: `added` lines were put in before it was sent.
    """
    text = _LAYERS.sub("", message.strip())
    return _LINE.sub(lambda found: f"line {int(found[1]) - added}", text) if added else text


def _plain(instruction: str) -> str:
    return " ".join(instruction.split())


def _instructions(text: str) -> list[tuple[int, str]]:
    """Each instruction with the line that it begins in; lines that end with a backslash go on."""
    found: list[tuple[int, str]] = []
    begun, parts = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if _COMMENT.match(line) or (parts and not line.strip()):
            continue
        begun = begun or number
        stripped = line.rstrip()
        if stripped.endswith("\\"):
            parts += stripped[:-1]
            continue
        found.append((begun, parts + stripped))
        begun, parts = 0, ""
    return [*found, (begun, parts)] if parts else found
