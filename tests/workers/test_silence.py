"""Workers that say nothing."""

from __future__ import annotations

import pytest

from ingressd.workers.pool_settings import PoolSettings
from ingressd.workers.silence import Silence, judge_silence

SETTINGS = PoolSettings(workers=1, dump_after_seconds=5, kill_after_seconds=30, start_seconds=60)


@pytest.mark.parametrize(
    ("silent_seconds", "greeted", "expected"),
    [
        (5.0, True, Silence.ORDINARY),
        (5.1, True, Silence.WORRYING),
        (30.0, True, Silence.WORRYING),
        (30.1, True, Silence.HOPELESS),
        (60.0, False, Silence.ORDINARY),
        (60.1, False, Silence.HOPELESS),
    ],
)
def test_judging(silent_seconds: float, greeted: bool, expected: Silence) -> None:
    assert judge_silence(silent_seconds, SETTINGS, greeted=greeted) is expected
