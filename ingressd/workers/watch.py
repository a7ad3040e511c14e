"""Looking after workers that say nothing, and after those that should have ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from ingressd.workers.pool_settings import PoolSettings
from ingressd.workers.process import WorkerProcess
from ingressd.workers.silence import Silence, judge_silence

_log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 1.0
LATE_SECONDS = 1.0
"""How late the supervisor's own loop may be before it mistrusts what it has not heard."""


async def watch(workers: Collection[WorkerProcess], settings: PoolSettings, clock: Callable[[], float]) -> None:
    """Look again and again at ``workers``, which may change meanwhile, until cancelled."""
    pause_seconds = min(LONGEST_PAUSE_SECONDS, settings.dump_after_seconds / 4)
    looked = clock()
    while True:
        await asyncio.sleep(pause_seconds)
        now = clock()
        if now - looked > 2 * pause_seconds + LATE_SECONDS:
            # It was this process that did not run: what the workers said meanwhile has not been read yet.
            for worker in workers:
                worker.heard = now
        looked = now
        for worker in workers:
            if not worker.killed:
                _look_after(worker, settings, now)


def _look_after(worker: WorkerProcess, settings: PoolSettings, now: float) -> None:
    silent_seconds = now - worker.heard
    silence = judge_silence(silent_seconds, settings, greeted=worker.greeted)
    if worker.must_end_at is not None and now > worker.must_end_at:
        _log.error("worker process %d did not end within its grace: killed", worker.pid)
        worker.kill()
    elif silence is Silence.HOPELESS:
        _log.error("worker process %d has said nothing for %.1f s: killed", worker.pid, silent_seconds)
        worker.kill()
    elif silence is Silence.WORRYING and not worker.stacks_dumped:
        _log.warning("worker process %d has said nothing for %.1f s: here are its stacks", worker.pid, silent_seconds)
        worker.dump_stacks()
