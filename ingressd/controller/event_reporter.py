"""Says each problem once where its author looks, as an Event."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ingressd.controller.controller import Controller
from ingressd.controller.event_reports import event_reports
from ingressd.kube.event import EventReport
from ingressd.kube.events import EventRecorder

REPEAT_SECONDS = 6 * 3600.0
"""A problem that stays is said again: API servers forget Events after an hour, and people look later."""

DROPPED_AGAIN_SECONDS = 300.0
SETTLE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 600.0

_log = logging.getLogger(__name__)


class EventReporter:
    """``run`` it in a task; ``wake`` it when the controller has settled and when leadership changes.

    Only the leader reports. Whoever becomes the leader reports what is wrong then, if it has not done so before, and
    again no sooner than ``REPEAT_SECONDS`` later.
    """

    def __init__(
        self,
        controller: Controller,
        recorder: EventRecorder,
        *,
        leading: Callable[[], bool],
        settle_seconds: float = SETTLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controller = controller
        self._recorder = recorder
        self._leading = leading
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._led = False
        self._again_at: dict[EventReport, float] = {}
        self._looked = (-1, -1)
        self._look_again_at = 0.0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Report what is new, until cancelled; a burst of changes is looked at once."""
        while True:
            self._woken.clear()
            try:
                self.report()
            except Exception:
                # A defect here must not take the proxy with it, which needs no Events.
                _log.exception("reporting problems as Events failed")
            try:
                async with asyncio.timeout(_LONGEST_PAUSE_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(self._settle_seconds)

    def report(self) -> None:
        """Record what has become wrong since the last time. A problem that went away and came back is new."""
        led, self._led = self._led, self._leading()
        if not self._led or not self._controller.synced:
            return
        now = self._clock()
        version = (self._controller.problem_version, self._controller.ingress_version)
        if led and version == self._looked and now < self._look_again_at:
            # Endpoints change all the time, and of ten thousand problems none differs for that.
            return
        self._looked = version
        current = event_reports(self._controller)
        known = self._again_at
        if not led:
            # What was still queued when leadership was lost has not been said.
            known = {report: again for report, again in known.items() if self._recorder.has_written(report)}
        self._again_at = {report: known[report] for report in current if report in known}
        for report in current:
            if now >= self._again_at.get(report, now):
                recorded = self._recorder.record(report)
                self._again_at[report] = now + (REPEAT_SECONDS if recorded else DROPPED_AGAIN_SECONDS)
        self._look_again_at = min(self._again_at.values(), default=now + REPEAT_SECONDS)
