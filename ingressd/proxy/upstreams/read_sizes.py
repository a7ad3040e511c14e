"""How much of a body each read takes from an endpoint."""

from __future__ import annotations

from typing import Final

READ_BYTES: Final = 49152
"""The most that one read takes of what a stalled client may leave in memory."""
MOST_READ_BYTES: Final = 256 * 1024
"""The most that one read takes when the kernel has room for it on the client's side."""
TURN_BYTES: Final = 4 * MOST_READ_BYTES
"""How much of one body is read while others wait: libuv reads a connection up to 32 times before it looks at the next.
"""


class ReadSizes:
    """Of one connection. A read may be long once the one before was full and the client has taken all of it."""

    __slots__ = ("_full", "_turn_bytes", "asked")

    def __init__(self) -> None:
        self.asked = 0
        """How long the last read might have been."""
        self._full = False
        self._turn_bytes = 0

    @property
    def may_be_long(self) -> bool:
        return self._full

    def next(self, room: int) -> int:
        """Return how long the next read may be; ``room`` is what the kernel takes for the client at once."""
        self.asked = min(room, MOST_READ_BYTES) if self._full and room > READ_BYTES else READ_BYTES
        return self.asked

    def took(self, count: int) -> bool:
        """Note what the read brought; return whether this connection has had its turn, and others are to be read."""
        self._full = count == self.asked
        self._turn_bytes = self._turn_bytes + count if self._full else 0
        if self._turn_bytes < TURN_BYTES:
            return False
        self._turn_bytes = 0
        return True
