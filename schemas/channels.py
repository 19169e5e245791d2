"""Input and output of a program in a container, and how it ended, in the binary messages of one WebSocket.

The first byte of a message says what it is; the rest is the content:

| channel | from | content |
|---|---|---|
| 0 STDIN | client | what the program reads |
| 1 STDOUT | server | what it wrote, or the terminal shows |
| 2 STDERR | server | what it wrote to standard error; nothing with a terminal |
| 3 ERROR | server | the last message: a Status, JSON, that says how it ended |
| 4 RESIZE | client | the size of the terminal: `{"Width": 80, "Height": 24}` |
| 255 CLOSE | client | a channel's number: it has no more; so a program sees the end of its input |

Exit code 3, as a Status: `{"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [{"reason":
"ExitCode", "message": "3"}]}}`. Success is exit code 0, unless `reason: Detached` says that the program goes on.

Source: Kubernetes, subprotocol `v5.channel.k8s.io` of remote commands (KEP-4006).
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from fizz.schemas.types import JSON

__all__ = [
    "CLOSE",
    "ERROR",
    "PROTOCOL",
    "RESIZE",
    "STDERR",
    "STDIN",
    "STDOUT",
    "Ending",
    "ending_of",
    "failed",
    "finished",
    "message",
    "resized",
    "size_of",
]

PROTOCOL: Final = "v5.channel.k8s.io"
STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
RESIZE: Final = 4
CLOSE: Final = 255


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: with an exit code; or not at all, because the client detached itself; or in an error."""

    exit_code: int = 0
    detached: bool = False
    error: str = ""


def message(channel: int, content: bytes = b"") -> bytes:
    """What goes over the connection."""
    return bytes((channel,)) + content


def resized(rows: int, columns: int) -> bytes:
    """The message that tells the size of the client's terminal, in characters."""
    return message(RESIZE, orjson.dumps({"Width": columns, "Height": rows}))


def size_of(content: bytes) -> tuple[int, int] | None:
    """Rows and columns; None for what is no size."""
    try:
        size = orjson.loads(content)
        rows, columns = int(size["Height"]), int(size["Width"])
    except (ValueError, KeyError, TypeError):
        return None
    return (rows, columns) if 0 < rows < 65_536 and 0 < columns < 65_536 else None


def finished(exit_code: int | None) -> bytes:
    """The last message: the program's exit code, or None if it goes on without the client."""
    status: JSON = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if exit_code is None:
        status["reason"] = "Detached"
    elif exit_code:
        status |= {
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "message": f"command terminated with exit code {exit_code}",
            "details": {"causes": [{"reason": "ExitCode", "message": str(exit_code)}]},
        }
    return message(ERROR, orjson.dumps(status))


def failed(text: str) -> bytes:
    """The last message of what went wrong otherwise."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "InternalError"}
    return message(ERROR, orjson.dumps({**status, "message": text, "code": 500}))


def ending_of(content: bytes) -> Ending:
    """What the last message says."""
    try:
        status: Any = orjson.loads(content)
        if status["status"] == "Success":
            return Ending(detached=status.get("reason") == "Detached")
        causes = (status.get("details") or {}).get("causes") or ()
        for each in causes:
            if each["reason"] == "ExitCode":
                return Ending(int(each["message"]))
        return Ending(error=str(status.get("message") or "it failed"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Ending(error="the server's last message makes no sense")
