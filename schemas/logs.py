"""Structured logs: one line a decision, JSON for machines or coloured text for people, on standard error.

Every long-running process calls `configure` once. Everybody else says `log = logger()` and then, for example,
`log.info("container started", kind="Container", namespace="blog", name="web-1f2e3-0")`. Without `configure`, as in a
command or in somebody's own program, only warnings and errors are shown.

structlog is imported with the first line that is logged: it takes longer than most commands do.
"""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from fizz.schemas.settings import LogFormat, LogLevel

if TYPE_CHECKING:
    import structlog

__all__ = ["configure", "logger"]


def _silent(event: str, **values: object) -> None:
    """What nobody wants to hear."""


class _Lossy:
    """A stream that takes what it can: no line of a log is a reason to end, and its disk may be full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class _Lazy:
    """A logger that is made when it first has something to say."""

    def __getattr__(self, name: str) -> Any:
        if name in {"debug", "info"} and "structlog" not in sys.modules:
            return _silent
        import structlog

        if not structlog.is_configured():
            configure("console", "warning")
        return getattr(structlog.get_logger(), name)


def logger() -> "structlog.typing.FilteringBoundLogger":
    """A logger for a module."""
    return cast("structlog.typing.FilteringBoundLogger", _Lazy())


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Send the logs of this process, and warnings of the libraries in it, to standard error."""
    import logging

    import structlog

    number = logging.getLevelNamesMapping()[level.upper()]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        stamp,
        structlog.processors.StackInfoRenderer(),
    ]
    if log_format == "json":
        shared += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        shared += [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.processors.add_log_level, stamp],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shared[-1]],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
