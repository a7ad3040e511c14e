from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest

from ingressd.proxy.date_line import date_line, http_date, line_of, text_of


def test_a_second_has_one_text() -> None:
    assert text_of(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert line_of(784111777) == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert line_of(784111778) == b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
    assert line_of(784111777) == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


def test_the_calendar_is_asked_once_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def formatted(second: int, *, usegmt: bool) -> str:
        asked.append(second)
        return "today"

    monkeypatch.setattr("ingressd.proxy.date_line.formatdate", formatted)
    assert [line_of(100), line_of(100), line_of(101)] == [b"Date: today\r\n"] * 3
    assert asked == [100, 101]
    # Nobody after this test is to be told what it made up.
    text_of.cache_clear()
    line_of.cache_clear()


def test_now_is_now() -> None:
    before = int(time.time())
    assert before <= parsedate_to_datetime(http_date()).timestamp() <= time.time()
    assert before <= parsedate_to_datetime(date_line().decode().removeprefix("Date: ").strip()).timestamp()
