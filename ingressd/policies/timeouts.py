"""How long a route waits for its upstream."""

from __future__ import annotations

import msgspec


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds. ``read`` and ``send`` are the longest pause between two operations, never a whole request."""

    connect: float = 5.0
    read: float = 60.0
    send: float = 60.0

    def __post_init__(self) -> None:
        if min(self.connect, self.read, self.send) <= 0:
            raise ValueError("a timeout must be greater than 0 seconds")
