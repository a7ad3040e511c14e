"""What the client connections of one proxy share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ingressd.proxy.answering import Lane
from ingressd.proxy.request_line import HeadLimits
from ingressd.proxy.watchdog import Watchdog

if TYPE_CHECKING:
    from ingressd.proxy.client_connection import ClientConnection

READ_BYTES: Final = 32768
"""The most that one read takes while a body flows, and so about what a stalled upload leaves in memory."""
LONG_REST_BYTES: Final = 49152
"""A client that does not take so much of what was written to it at once holds a long rest in memory."""
MOST_LONG_RESTS: Final = 16
"""How many clients may hold one. The kernel says how much it will take, and takes less when it runs out of memory."""


class ConnectionOwner:
    """Limits, times, and the connections themselves, which are looked at twice a second."""

    __slots__ = (
        "clock",
        "connections",
        "head_limits",
        "header_read_seconds",
        "keep_alive_seconds",
        "lane",
        "last_look",
        "lingering_bytes",
        "lingering_seconds",
        "long_rests",
        "read_ahead_bytes",
        "read_buffer",
        "send_idle_seconds",
        "watchdog",
    )

    def __init__(
        self,
        lane: Lane,
        watchdog: Watchdog,
        head_limits: HeadLimits,
        clock: Callable[[], float],
        *,
        header_read_seconds: float,
        keep_alive_seconds: float,
        send_idle_seconds: float,
        read_ahead_bytes: int,
        lingering_seconds: float,
        lingering_bytes: int,
    ) -> None:
        self.lane: Final = lane
        self.watchdog: Final = watchdog
        self.head_limits: Final = head_limits
        self.clock: Final = clock
        self.header_read_seconds: Final = header_read_seconds
        self.keep_alive_seconds: Final = keep_alive_seconds
        self.send_idle_seconds: Final = send_idle_seconds
        self.last_look = clock()
        self.read_ahead_bytes: Final = read_ahead_bytes
        self.lingering_seconds: Final = lingering_seconds
        self.lingering_bytes: Final = lingering_bytes
        self.long_rests: Final[set[ClientConnection]] = set()
        self.connections: Final[set[ClientConnection]] = set()
        self.read_buffer: Final = memoryview(bytearray(READ_BYTES))
        """For all connections: whoever reads copies before the next one does."""

    def close_expired(self) -> None:
        """Close the connections that have waited too long for a request. To be called about twice a second.

        What is kept of a connection that begins to wait is the time of the look before: to ask the clock for each
        request would cost more than to look at every connection.
        """
        oldest = self.last_look - self.keep_alive_seconds
        self.last_look = self.clock()
        for connection in [connection for connection in self.connections if 0.0 < connection.idle_since < oldest]:
            connection.close_if_idle()
