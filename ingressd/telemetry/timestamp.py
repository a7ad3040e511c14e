"""A moment as logs write it: the same in the program's own log and in the access log, so that both can be sorted."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(seconds: float) -> str:
    """Return ``2026-11-21T01:09:57.929Z`` for seconds since 1970-01-01 UTC (ISO 8601, milliseconds)."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds')[:-6]}Z"
