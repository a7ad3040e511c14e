"""A moment as logs write it: the same in the program's own log and in the access log, so that both can be sorted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_DIGITS: Final = [f"{number:03d}" for number in range(1000)]


def timestamp(seconds: float) -> str:
    """Return ``2026-11-21T01:09:57.929Z`` for seconds since 1970-01-01 UTC (ISO 8601, milliseconds)."""
    return Timestamps().text(seconds)


def thousandths(number: int) -> str:
    """Return the three digits of a number from 0 to 999."""
    return _DIGITS[number]


class Timestamps:
    """``timestamp`` for moments that mostly lie in the same second: the calendar is asked once for each."""

    __slots__ = ("_second", "_text_of_second")

    def __init__(self) -> None:
        self._second = -1
        self._text_of_second = ""

    def text(self, seconds: float) -> str:
        second = int(seconds)
        if second != self._second:
            self._second = second
            self._text_of_second = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        # A number of milliseconds has a float that may lie a little below it.
        milliseconds = int((seconds - second) * 1e6 + 0.5) // 1000
        return f"{self._text_of_second}.{_DIGITS[min(milliseconds, 999)]}Z"
