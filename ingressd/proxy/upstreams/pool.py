"""Open connections that wait for the next request to the same endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.upstreams.connection import UpstreamConnection
from ingressd.proxy.upstreams.guarded_address import guarded_addresses
from ingressd.routing.upstream import Endpoint


class Pool:
    """Last in, first out: the connection that was used last is the least likely to have been closed by its peer.

    ``idle_seconds`` is how long a connection may wait. It is shorter than what servers wait (gunicorn 2 s,
    uvicorn and Node.js 5 s), since a request on a connection that the other side is closing is lost.
    """

    def __init__(self, *, idle_seconds: float, max_idle_per_endpoint: int, clock: Callable[[], float]) -> None:
        self._idle_seconds = idle_seconds
        self._max_idle = max_idle_per_endpoint
        self._clock = clock
        self._idle: dict[Endpoint, list[UpstreamConnection]] = {}
        self._open: set[UpstreamConnection] = set()

    def take(self, endpoint: Endpoint, *, longest_idle: float | None = None) -> UpstreamConnection | None:
        """Return an open connection that has been idle for at most ``longest_idle`` seconds."""
        limit = self._idle_seconds if longest_idle is None else min(longest_idle, self._idle_seconds)
        waiting = self._idle.get(endpoint, [])
        while waiting and self._clock() - waiting[-1].idle_since <= limit:
            connection = waiting.pop()
            if not waiting:
                del self._idle[endpoint]
            if connection.open and connection.usable and not connection.has_unread_input:
                return connection
            connection.close()
        return None

    async def connect(self, endpoint: Endpoint, timeout_seconds: float) -> UpstreamConnection:
        """Open a new connection. Raises Failure."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._connect(endpoint)
        except TimeoutError:
            raise Failure(
                Reason.UPSTREAM_CONNECT_TIMEOUT, f"{endpoint} did not accept within {timeout_seconds:g} s"
            ) from None
        except (OSError, OverflowError, ValueError) as error:
            raise Failure(Reason.UPSTREAM_CONNECT, f"{endpoint}: {error}") from None

    async def _connect(self, endpoint: Endpoint) -> UpstreamConnection:
        """Raises Failure, OSError, OverflowError and ValueError."""
        addresses = await guarded_addresses(endpoint) if endpoint.guarded else [endpoint.address]
        refused: OSError | None = None
        for address in addresses:
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: UpstreamConnection(endpoint, self._open), address, endpoint.port
                )
            except OSError as error:
                refused = error
            else:
                return connection
        raise refused or OSError("the name leads nowhere")

    def release(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose exchange has ended; keep it if it may carry another."""
        waiting = self._idle.get(connection.endpoint, [])
        if not (connection.open and connection.usable) or len(waiting) >= self._max_idle:
            connection.close()
            return
        connection.idle_since = self._clock()
        connection.resume_reading()
        self._idle.setdefault(connection.endpoint, waiting).append(connection)

    def close_idle(self) -> None:
        """Close what has waited too long or was closed by its peer. To be called about once a second."""
        oldest = self._clock() - self._idle_seconds
        for endpoint in tuple(self._idle):
            waiting = self._idle[endpoint]
            kept = [connection for connection in waiting if connection.open and connection.idle_since >= oldest]
            for connection in set(waiting).difference(kept):
                connection.close()
            if kept:
                self._idle[endpoint] = kept
            else:
                del self._idle[endpoint]

    def close(self) -> None:
        for connection in tuple(self._open):
            connection.close()
        self._idle.clear()

    def __repr__(self) -> str:
        idle = sum(len(waiting) for waiting in self._idle.values())
        return f"<Pool {len(self._open)} open, {idle} idle, {len(self._idle)} endpoints>"
