"""Two connections that pass bytes to each other, after both sides agreed to switch protocols."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ingressd.proxy.upstreams.connection import FLUSH_SECONDS, UpstreamConnection


class Tunnel:
    """Knows nothing of what it carries. Each direction ends on its own; the tunnel ends with the second."""

    def __init__(
        self, client: asyncio.Transport, upstream: UpstreamConnection, clock: Callable[[], float], idle_seconds: float
    ) -> None:
        self._client = client
        self._upstream = upstream
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._last_activity = clock()
        self._client_ended = False
        self._upstream_ended = False
        self.bytes_received = 0
        self.bytes_sent = 0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # What the client's connection calls.

    def client_data(self, data: bytes) -> None:
        self._last_activity = self._clock()
        self.bytes_received += len(data)
        self._upstream.send(data)

    def client_eof(self) -> None:
        self._client_ended = True
        if self._upstream_ended:
            self.close()
        else:
            self._upstream.write_eof()

    def client_paused(self) -> None:
        self._upstream.pause_reading()

    def client_resumed(self) -> None:
        self._upstream.resume_reading()

    # What the upstream's connection calls (ByteReceiver).

    def write(self, data: bytes) -> None:
        self._last_activity = self._clock()
        self.bytes_sent += len(data)
        self._client.write(data)

    def write_eof(self) -> None:
        self._upstream_ended = True
        if self._client_ended or not self._client.can_write_eof():
            self.close()
        else:
            self._client.write_eof()

    def abort(self) -> None:
        """The upstream is gone: the client still gets what it sent before."""
        self.close()

    def pause_reading(self) -> None:
        if not self._client.is_closing():
            self._client.pause_reading()

    def resume_reading(self) -> None:
        if not self._client.is_closing():
            self._client.resume_reading()

    # What the watchdog calls.

    def check(self, now: float) -> None:
        if now - self._last_activity > self._idle_seconds:
            self.close()

    def close(self) -> None:
        """End both directions; what was written is still delivered, to either side, for which it has a while."""
        if not self.closed.done():
            self.closed.set_result(None)
            self._upstream.finish()
            self._client.close()
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._client.abort)
