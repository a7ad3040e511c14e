"""Names for requests that come without one."""

from __future__ import annotations

import os
from binascii import hexlify
from typing import Final

_DIGITS: Final = 32
_AT_ONCE: Final = 256


class RequestIds:
    """Random hexadecimal digits, made many at a time: to ask the system for each by itself takes longer than to look
    up its route."""

    __slots__ = ("_digits", "_position")

    def __init__(self) -> None:
        self._digits = b""
        self._position = 0

    def new(self) -> bytes:
        position = self._position
        if position == len(self._digits):
            self._digits = hexlify(os.urandom(_AT_ONCE * _DIGITS // 2))
            position = 0
        self._position = position + _DIGITS
        return self._digits[position : position + _DIGITS]
