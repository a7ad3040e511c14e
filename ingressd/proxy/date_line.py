"""The Date of answers that have none: a proxy with a clock adds it (RFC 9110 section 6.6.1)."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache


def http_date() -> str:
    """Return now as ``Sun, 06 Nov 1994 08:49:37 GMT`` (RFC 9110 section 5.6.7)."""
    return text_of(int(time.time()))


def date_line() -> bytes:
    """Return the field line, with its CRLF."""
    return line_of(int(time.time()))


@lru_cache(maxsize=1)
def text_of(second: int) -> str:
    """``http_date`` at a second since 1970-01-01 UTC: the calendar is asked once for each."""
    return formatdate(second, usegmt=True)


@lru_cache(maxsize=1)
def line_of(second: int) -> bytes:
    """``date_line`` at a second since 1970-01-01 UTC."""
    return f"Date: {text_of(second)}\r\n".encode("ascii")
