"""The Date of answers that have none: a proxy with a clock adds it (RFC 9110 section 6.6.1)."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Final


class DateLine:
    """The calendar is asked once for each second."""

    __slots__ = ("_line", "_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""
        self._line = b""

    def text(self, seconds: float) -> str:
        """Return ``Sun, 06 Nov 1994 08:49:37 GMT`` for seconds since 1970-01-01 UTC (RFC 9110 section 5.6.7)."""
        self._look_at(seconds)
        return self._text

    def line(self, seconds: float) -> bytes:
        """Return the field line, with its CRLF."""
        self._look_at(seconds)
        return self._line

    def _look_at(self, seconds: float) -> None:
        second = int(seconds)
        if second != self._second:
            self._text = formatdate(second, usegmt=True)
            self._line = f"Date: {self._text}\r\n".encode("ascii")
            self._second = second


_NOW: Final = DateLine()


def http_date() -> str:
    return _NOW.text(time.time())


def date_line() -> bytes:
    return _NOW.line(time.time())
