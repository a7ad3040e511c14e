from __future__ import annotations

import pytest

from ingressd.proxy.watchdog import Watchdog


class Watched:
    def __init__(self, watchdog: Watchdog) -> None:
        self.checked: list[float] = []
        self._watchdog = watchdog

    def check(self, now: float) -> None:
        self.checked.append(now)
        self._watchdog.discard(self)


def test_each_is_checked_and_may_leave_while_it_is() -> None:
    swept: list[bool] = []
    watchdog = Watchdog(lambda: 7.0, lambda: swept.append(True))
    watched = [Watched(watchdog) for _ in range(3)]
    for each in watched:
        watchdog.add(each)
        watchdog.add(each)
    watchdog.tick()
    watchdog.tick()
    assert [each.checked for each in watched] == [[7.0]] * 3
    assert len(watchdog) == 0
    assert swept == [True, True]


def test_a_check_that_fails_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Defective:
        def check(self, now: float) -> None:
            raise ZeroDivisionError

    def sweep() -> None:
        raise ZeroDivisionError

    watchdog = Watchdog(lambda: 7.0, sweep)
    watched = Watched(watchdog)
    watchdog.add(Defective())
    watchdog.add(watched)
    watchdog.tick()
    assert watched.checked == [7.0]
    assert len(watchdog) == 0
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
