"""What ``ingressd run`` does before it runs; the rest is in tests/features."""

from __future__ import annotations

import signal

import pytest

from ingressd.cli.run import early_signals


def test_signals_before_there_is_an_event_loop_are_heard() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(SystemExit) as ended, early_signals():
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 0
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before
