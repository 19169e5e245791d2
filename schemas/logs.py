"""Structured logs: one line a decision, JSON for machines or coloured text for people, on standard error.

Every process calls `configure` once. Everybody else says `log = structlog.get_logger()` and then, for example,
`log.info("container started", kind="Container", namespace="blog", name="web-1f2e3-0")`.
"""

import logging
import sys

import structlog

from fizz.schemas.settings import LogFormat, LogLevel

__all__ = ["configure"]


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Send the logs of this process, and warnings of the libraries in it, to standard error."""
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
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
