from __future__ import annotations

import math

from ingressd.controller.status import StatusWrite
from ingressd.controller.status_pace import LONGEST_DELAY_SECONDS, StatusPace
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.published import PublishedAddress

KEY = ObjectKey(Kind.INGRESS, "shop", "web")
WRITE = StatusWrite(KEY, (PublishedAddress(ip="192.0.2.1"),))


def test_the_first_write_need_not_wait_and_neither_must_another_address() -> None:
    pace = StatusPace()
    assert pace.may(WRITE, 0.0)
    pace.attempted(WRITE, 0.0)
    assert not pace.may(WRITE, 0.9)
    assert pace.may(WRITE, 1.0)
    assert pace.may(StatusWrite(KEY, ()), 0.0)


def test_a_write_that_never_holds_is_repeated_ever_more_seldom() -> None:
    pace, now, delays = StatusPace(), 0.0, []
    for _ in range(12):
        pace.attempted(WRITE, now)
        delays.append(pace.next_due(now) - now)
        now = pace.next_due(now)
    assert delays[:4] == [1.0, 2.0, 4.0, 8.0]
    assert delays[-1] == LONGEST_DELAY_SECONDS


def test_calm_begins_anew() -> None:
    pace = StatusPace()
    pace.attempted(WRITE, 0.0)
    pace.attempted(WRITE, 1.0)
    assert pace.next_due(1.0) == 3.0
    pace.attempted(WRITE, 1000.0)
    assert pace.next_due(1000.0) == 1001.0


def test_the_server_says_how_long_at_least() -> None:
    pace = StatusPace()
    pace.attempted(WRITE, 0.0, retry_after=20.0)
    assert not pace.may(WRITE, 19.0)
    assert pace.next_due(0.0) == 20.0


def test_what_is_long_past_is_forgotten() -> None:
    pace = StatusPace()
    pace.attempted(WRITE, 0.0)
    assert pace.next_due(1000.0) == math.inf
    assert pace._attempts == {}
