"""Times as the Kubernetes API writes them: RFC 3339 in UTC, `Z`, whole seconds (`Time`) or microseconds (`MicroTime`).

Reading accepts any RFC 3339 offset and precision, because clients send them.
"""

from datetime import UTC, datetime

__all__ = ["format_micro", "format_seconds", "parse"]


def parse(text: str) -> datetime:
    """Read an RFC 3339 time; a time without an offset is taken as UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def format_seconds(moment: datetime) -> str:
    """`2026-01-31T09:30:00Z`"""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:-6] + "Z"


def format_micro(moment: datetime) -> str:
    """`2026-01-31T09:30:00.000000Z`"""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
