"""Names for requests that come without one."""

from __future__ import annotations

import random
from typing import Final

_DIGITS: Final = 32
_AT_ONCE: Final = 256


class RequestIds:
    """Random hexadecimal digits, made many at a time: they tell requests apart and protect nothing, and asking for
    each by itself takes longer than to look up its route."""

    __slots__ = ("_digits", "_position", "_random_bytes")

    def __init__(self) -> None:
        self._random_bytes: Final = random.Random().randbytes  # noqa: S311
        self._digits = b""
        self._position = 0

    def new(self) -> bytes:
        position = self._position
        if position == len(self._digits):
            self._digits = self._random_bytes(_AT_ONCE * _DIGITS // 2).hex().encode("ascii")
            position = 0
        self._position = position + _DIGITS
        return self._digits[position : position + _DIGITS]
