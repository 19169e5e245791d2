"""How commands fail: what is said on standard error, and the exit code. Never a traceback, unless FIZZ_DEBUG=1.

    Failure              something went wrong; the message says what, and what to do next
    ├── ProblemsInFiles  lines of `file:line:column: message`, said as they are
    └── Silent           everything was said already

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted (as shells do).
"""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, cast

import click

if TYPE_CHECKING:
    from fizz.client.errors import ApiError

__all__ = ["FAILED", "INTERRUPTED", "USAGE", "Failure", "ProblemsInFiles", "Silent", "guard"]

FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130
_CANNOT_WRITE: Final = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT})


class Failure(Exception):
    """Something went wrong; the message says what, and what to do next."""

    def lines(self) -> list[str]:
        """What is written to standard error."""
        return [f"error: {self}"]


class ProblemsInFiles(Failure):
    """Lines of `file:line:column: message`, said as they are."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self._problems = list(problems)

    def lines(self) -> list[str]:
        return self._problems


class Silent(Failure):
    """Everything was said already; only the exit code is left."""

    def lines(self) -> list[str]:
        return []


def guard(command: Callable[[], object]) -> int:
    """Run the command line and say how it ended. The exit code."""
    try:
        code = command()
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as problem:
        usage = f"{problem.ctx.get_usage()}\n" if problem.ctx else ""
        _say(f"{usage}error: {problem.format_message()}")
        return USAGE
    except click.ClickException as problem:
        _say(f"error: {problem.format_message()}")
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        _give_up_output()
        return FAILED
    except Exception as problem:
        if os.environ.get("FIZZ_DEBUG") == "1":
            raise
        if isinstance(problem, OSError) and problem.errno in _CANNOT_WRITE and not problem.filename:
            _give_up_output()
        for line in _describe(problem):
            _say(line)
        return FAILED
    return code if isinstance(code, int) else 0


def _describe(problem: BaseException) -> list[str]:
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    if isinstance(problem, Failure):
        return problem.lines()
    # Whoever did not talk to the server has no such error, and need not import it for the question.
    if (client := sys.modules.get("fizz.client.errors")) and isinstance(problem, client.ApiError):
        return _describe_refusal(cast("ApiError", problem))
    if (settings := sys.modules.get("fizz.schemas.settings")) and isinstance(problem, settings.SettingsError):
        return [f"error: {problem}"]
    if isinstance(problem, OSError) and problem.filename:
        return [f"error: {problem.filename}: {problem.strerror}"]
    if isinstance(problem, OSError) and problem.errno in _CANNOT_WRITE:
        return [f"error: cannot write: {problem.strerror}"]
    name = type(problem).__name__
    return [f"error: {name}: {problem}", "This should not happen. FIZZ_DEBUG=1 shows where it comes from."]


def _describe_refusal(problem: "ApiError") -> list[str]:
    lines = [f"error: {problem.message}"]
    known = str(problem.message)
    for cause in problem.causes:
        text = f"{cause.get('field', '')}: {cause.get('message', '')}".strip(": ")
        if text and text not in known and str(cause.get("message", "")) not in known:
            lines.append(f"  {text}")
    return lines


def _give_up_output() -> None:
    """What is left of the output goes nowhere, or Python would try to write it once more at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody can be told that nobody can be told
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
