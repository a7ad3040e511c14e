"""Writes Events, and never holds anybody up."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from ingressd.kube.api import MERGE_PATCH, Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.event import EventReport, event_name, first_event, repetition
from ingressd.kube.event_limits import EventSettings, ObjectLimits, TokenBucket
from ingressd.kube.permissions import Feature, forbidden_sentence
from ingressd.kube.resource import EVENTS
from ingressd.kube.trouble import Trouble

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

_PASSING = frozenset({ApiFault.UNREACHABLE, ApiFault.UNAUTHORIZED, ApiFault.THROTTLED, ApiFault.SERVER})
"""What a repetition may get over."""

_log = logging.getLogger(__name__)


class _Series(NamedTuple):
    """An Event that exists, as far as known."""

    name: str
    times: int


class EventRecorder:
    """``record`` from anywhere, ``run`` in a task.

    The same report again raises the count of its Event instead of creating another one. ``written`` and ``failed``
    count Events that the API server took or did not take, ``dropped`` those that were never sent to it: too many about
    one object, or in the queue. ``trouble`` is the sentence why none can be written at the moment, or empty.
    """

    def __init__(
        self,
        api: Api,
        *,
        instance: str,
        leading: Callable[[], bool],
        settings: EventSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.written = 0
        self.dropped = 0
        self.failed = 0
        self._api = api
        self._instance = instance
        self._leading = leading
        self._settings = settings or EventSettings()
        self._clock = clock
        self._wall_clock = wall_clock
        self._limits = ObjectLimits(self._settings)
        self._total = TokenBucket(self._settings.total_burst, self._settings.total_rate, clock())
        self._queue: deque[EventReport] = deque()
        self._queued = asyncio.Event()
        self._series: OrderedDict[EventReport, _Series] = OrderedDict()
        self._trouble = Trouble(_log, over="Events are written again.")

    @property
    def trouble(self) -> str:
        return self._trouble.sentence

    def record(self, report: EventReport) -> bool:
        """Take a report, to be written soon; False when it is dropped. Never waits, never raises."""
        if len(self._queue) >= self._settings.queue or not self._limits.take(report.key, self._clock()):
            self.dropped += 1
            return False
        self._queue.append(report)
        self._queued.set()
        return True

    def has_written(self, report: EventReport) -> bool:
        """False too when that is so long ago that it is forgotten."""
        return report in self._series

    async def run(self) -> None:
        """Write what is recorded, in order, until cancelled. What is queued when leadership ends is let go."""
        while True:
            if not self._leading():
                self._queue.clear()
            if not self._queue:
                self._queued.clear()
                await self._queued.wait()
                continue
            report = self._queue.popleft()
            if not self._total.take(self._clock()):
                await asyncio.sleep(self._total.wait(self._clock()))
                self._total.take(self._clock())
            try:
                await self._write(report)
            except Exception:
                # A defect here must not take the proxy with it, which needs no Events.
                self.failed += 1
                _log.exception("writing an Event failed")

    async def _write(self, report: EventReport) -> None:
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            if not self._leading():
                return
            try:
                await self._send(report)
            except ApiError as error:
                # A conflict is an Event that has this name by chance: the next one has another.
                if attempt == ATTEMPTS or error.fault not in _PASSING | {ApiFault.CONFLICT}:
                    self._fail(report, error)
                    return
                await asyncio.sleep(max(pause, error.retry_after_seconds or 0.0))
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                self.written += 1
                self._trouble.end()
                return

    async def _send(self, report: EventReport) -> None:
        series = self._series.pop(report, None)
        if series is not None:
            following = _Series(series.name, series.times + 1)
            body = msgspec.json.encode(repetition(following.times, self._wall_clock()))
            path = EVENTS.path(report.key.namespace, series.name)
            try:
                await self._api.request("PATCH", path, body=body, content_type=MERGE_PATCH)
            except ApiError as error:
                if error.fault is not ApiFault.NOT_FOUND:
                    self._remember(report, series)
                    raise
                # API servers delete Events after an hour: it is a first one again.
            else:
                self._remember(report, following)
                return
        name = event_name(report, secrets.token_hex(8))
        body = msgspec.json.encode(first_event(report, name, self._wall_clock(), self._instance))
        await self._api.request("POST", EVENTS.path(report.key.namespace), body=body)
        self._remember(report, _Series(name, 1))

    def _remember(self, report: EventReport, series: _Series) -> None:
        """Those that were not repeated for longest are forgotten first."""
        self._series[report] = series
        if len(self._series) > self._settings.remembered:
            self._series.popitem(last=False)

    def _fail(self, report: EventReport, error: ApiError) -> None:
        self.failed += 1
        why = str(error)
        if error.fault is ApiFault.FORBIDDEN:
            # Namespaces that are being deleted forbid new objects too, so the server's own words stay.
            why = f"{forbidden_sentence(EVENTS, Feature.EVENTS, report.key.namespace)} ({error})"
        self._trouble.begin(f"An Event on {report.key} was not written: {why}")
