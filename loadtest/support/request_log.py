"""What an open-loop client saw: a record for each request, and every way to lose one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from loadtest.support.spread import spread


class Loss(StrEnum):
    """Anything but the whole expected answer in time."""

    REFUSED = "refused"
    RESET = "reset"
    CLOSED = "closed without an answer"
    SHORT = "short body"
    TIMEOUT = "timeout"
    STATUS = "unexpected status"
    BODY = "unexpected body"


class RequestRecord(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One request. ``at`` is when it was due, in seconds of the monotonic clock, which all processes of a machine
    share; ``seconds`` is the time from then to the last byte of the answer, or to the loss. ``kept``: on a connection
    that is used again. ``status`` is 0 when no answer came."""

    at: float
    seconds: float
    kept: bool
    loss: Loss | None = None
    status: int = 0


class RequestLog(msgspec.Struct, frozen=True):
    """All records of a client, and the seconds of processor time that it took itself."""

    records: tuple[RequestRecord, ...]
    processor_seconds: float

    def between(self, begin: float, end: float) -> Sequence[RequestRecord]:
        """Return the requests that were due from ``begin`` until before ``end``."""
        return tuple(record for record in self.records if begin <= record.at < end)


def lost(records: Sequence[RequestRecord]) -> int:
    return sum(record.loss is not None for record in records)


def losses(records: Sequence[RequestRecord]) -> str:
    """Return what was lost in words, by kind: ``2 reset (kept), 1 unexpected status 503 (new)``; empty for nothing."""
    kinds = Counter(
        f"{record.loss}{f' {record.status}' if record.loss is Loss.STATUS else ''} ({'kept' if record.kept else 'new'})"
        for record in records
        if record.loss is not None
    )
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def slowest_percent_milliseconds(records: Sequence[RequestRecord]) -> float:
    """Return the 99th percentile of the time to an answer. Raises ValueError without an answer."""
    return spread([record.seconds for record in records if record.loss is None]).p99 * 1000
