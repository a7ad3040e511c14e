"""What to do with a worker of which nothing is heard."""

from __future__ import annotations

import enum

from ingressd.workers.pool_settings import PoolSettings


class Silence(enum.Enum):
    """ORDINARY: it is between two reports. WORRYING: its event loop may be blocked, so its stacks are worth having.
    HOPELESS: it serves nobody, and another one should."""

    ORDINARY = enum.auto()
    WORRYING = enum.auto()
    HOPELESS = enum.auto()


def judge_silence(silent_seconds: float, settings: PoolSettings, *, greeted: bool) -> Silence:
    """Judge from the time since the last word, or since the start of a worker that has not ``greeted`` yet."""
    if not greeted:
        return Silence.HOPELESS if silent_seconds > settings.start_seconds else Silence.ORDINARY
    if silent_seconds > settings.kill_after_seconds:
        return Silence.HOPELESS
    if silent_seconds > settings.dump_after_seconds:
        return Silence.WORRYING
    return Silence.ORDINARY
