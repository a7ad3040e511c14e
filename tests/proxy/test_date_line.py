from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest

from ingressd.proxy.date_line import DateLine, date_line, http_date


def test_a_second_has_one_text() -> None:
    dates = DateLine()
    assert dates.text(784111777.0) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert dates.line(784111777.999) == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert dates.line(784111778.0) == b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
    assert dates.text(784111777.5) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_the_calendar_is_asked_once_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def formatted(second: int, *, usegmt: bool) -> str:
        asked.append(second)
        return "today"

    monkeypatch.setattr("ingressd.proxy.date_line.formatdate", formatted)
    dates = DateLine()
    assert [dates.line(100.0), dates.line(100.5), dates.line(101.0)] == [b"Date: today\r\n"] * 3
    assert asked == [100, 101]


def test_now_is_now() -> None:
    before = int(time.time())
    text = http_date()
    assert before <= parsedate_to_datetime(text).timestamp() <= time.time()
    assert date_line().startswith(b"Date: ")
