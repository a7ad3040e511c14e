"""Bytes that both ends of a transfer know, so that each one can be compared and none has to be kept."""

from __future__ import annotations

import random
from typing import NamedTuple

PERIOD = 1_048_583
"""A prime: a block that is lost, doubled or out of place never falls on bytes that look the same."""

BLOCK_BYTES = 256 * 1024
_TWICE = random.Random(20261120).randbytes(PERIOD) * 2


class Receipt(NamedTuple):
    """What came. ``first_wrong`` is the offset of the first piece with a byte that was not sent, or -1."""

    length: int
    first_wrong: int


class Verifier:
    """Takes pieces in the order in which they arrive."""

    def __init__(self) -> None:
        self._length = 0
        self._first_wrong = -1

    def take(self, piece: bytes) -> None:
        for begin in range(0, len(piece), BLOCK_BYTES):
            part = piece[begin : begin + BLOCK_BYTES]
            if self._first_wrong < 0 and part != pattern(self._length, len(part)):
                self._first_wrong = self._length
            self._length += len(part)

    def receipt(self) -> Receipt:
        return Receipt(self._length, self._first_wrong)


def pattern(offset: int, size: int) -> bytes:
    """Return ``size`` bytes from ``offset`` on; a size above one period is an error of the caller."""
    if size > PERIOD:
        raise ValueError(f"at most {PERIOD} bytes at a time")
    begin = offset % PERIOD
    return _TWICE[begin : begin + size]
