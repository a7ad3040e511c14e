"""What each byte may be part of, in a table that a walk over bytes looks up."""

from __future__ import annotations

import re
from collections.abc import Iterable


def byte_classes(classes: Iterable[tuple[int, bytes]]) -> bytes:
    """Return for each byte the sum of the bits whose pattern it matches alone. The patterns are those that the regular
    expressions of the same grammar are made of."""
    table = bytearray(256)
    for bit, pattern in classes:
        matches = re.compile(pattern).fullmatch
        for number in range(256):
            if matches(bytes([number])):
                table[number] |= bit
    return bytes(table)
