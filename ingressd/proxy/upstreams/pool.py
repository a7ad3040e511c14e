"""Connections to endpoints: those that wait for a request, and requests that wait for one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

import msgspec

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.upstreams.connection import UpstreamConnection
from ingressd.proxy.upstreams.guarded_address import guarded_addresses
from ingressd.proxy.upstreams.read_sizes import MOST_READ_BYTES
from ingressd.proxy.watchdog import Watched
from ingressd.routing.endpoint import Endpoint

JUST_READ_SECONDS: Final = 0.002
LONGEST_IDLE_OF_UNREPEATABLE_SECONDS: Final = 1.0


class PoolLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``idle_seconds`` is how long a connection may wait. It is shorter than what servers wait (gunicorn 2 s,
    uvicorn and Node.js 5 s), since a request on a connection that the other side is closing is lost."""

    idle_seconds: float
    idle_per_endpoint: int
    open_per_endpoint: int
    queued_per_endpoint: int


class Waiter(Protocol):
    """A request that waits because an endpoint has as many connections as it may. One of the two is called, once."""

    takes_used_connections: bool

    def connection_free(self, connection: UpstreamConnection) -> None: ...

    def may_connect(self) -> None:
        """A place has been reserved, as by ``reserve``."""

    def check(self, now: float) -> None:
        """Stop waiting if it has been too long."""


class Pool:
    """Last in, first out: the connection that was used last is the least likely to have been closed by its peer.

    An endpoint is the whole identity of a connection: whatever else tells two connections apart must become part of
    it, or one client's request travels on what was opened for another's.
    """

    def __init__(self, limits: PoolLimits, clock: Callable[[], float]) -> None:
        self.read_buffer = memoryview(bytearray(MOST_READ_BYTES))
        # Those that are looked at for each request, in numbers that compiled code reads as they are.
        self._idle_seconds: Final[float] = limits.idle_seconds
        self._unrepeatable_idle_seconds: Final[float] = min(limits.idle_seconds, LONGEST_IDLE_OF_UNREPEATABLE_SECONDS)
        self._idle_per_endpoint: Final[int] = limits.idle_per_endpoint
        self._limits = limits
        self._clock = clock
        self._idle: dict[Endpoint, list[UpstreamConnection]] = {}
        self._open: set[UpstreamConnection] = set()
        self._reserved: dict[Endpoint, int] = {}
        """Connections that are open, and those that somebody is opening."""
        self._queues: dict[Endpoint, dict[Waiter, None]] = {}

    def take(self, endpoint: Endpoint, now: float, *, repeatable: bool = True) -> UpstreamConnection | None:
        """Return an open connection that is not idle for too long.

        One that was put back a moment ago, mostly in this turn of the event loop, has just been read; any other is
        looked at again: its endpoint may have closed it, or talk on it, without the loop having come to it. So is any
        for a request that is not ``repeatable``, which cannot be sent again: the end may stand right behind the answer.
        Such a one takes only a connection that was in use a moment ago.
        """
        waiting = self._idle.get(endpoint)
        if not waiting:
            return None
        oldest = now - (self._idle_seconds if repeatable else self._unrepeatable_idle_seconds)
        just_read = now - JUST_READ_SECONDS
        while waiting and waiting[-1].idle_since >= oldest:
            connection = waiting.pop()
            if connection.reusable and (
                (repeatable and connection.idle_since > just_read) or not connection.has_unread_input
            ):
                return connection
            connection.close()
        return None

    def reserve(self, endpoint: Endpoint) -> bool:
        """Take a place among the connections of ``endpoint``, for ``connect``; False when none is left."""
        reserved = self._reserved.get(endpoint, 0)
        if reserved >= self._limits.open_per_endpoint:
            # One that waits, but was idle for too long to be taken, gives its place. Some may have none any more.
            waiting = self._idle.get(endpoint)
            while waiting and reserved >= self._limits.open_per_endpoint:
                waiting.pop(0).close()
                reserved = self._reserved.get(endpoint, 0)
            if reserved >= self._limits.open_per_endpoint:
                return False
        self._reserved[endpoint] = reserved + 1
        return True

    def wait(self, endpoint: Endpoint, waiter: Waiter) -> bool:
        """Queue for a connection; False when the queue is full."""
        queue = self._queues.setdefault(endpoint, {})
        if len(queue) >= self._limits.queued_per_endpoint:
            return False
        queue[waiter] = None
        return True

    def leave(self, endpoint: Endpoint, waiter: Waiter) -> None:
        """Wait no longer."""
        queue = self._queues.get(endpoint)
        if queue is not None:
            queue.pop(waiter, None)
            if not queue:
                del self._queues[endpoint]

    async def connect(self, endpoint: Endpoint, timeout_seconds: float) -> UpstreamConnection:
        """Open a new connection in a reserved place, which is given back when that fails. Raises Failure."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._connect(endpoint)
        except BaseException as error:
            self._give_back(endpoint)
            if isinstance(error, TimeoutError):
                raise Failure(
                    Reason.UPSTREAM_CONNECT_TIMEOUT, f"{endpoint} did not accept within {timeout_seconds:g} s"
                ) from None
            if isinstance(error, OSError | OverflowError | ValueError):
                raise Failure(Reason.UPSTREAM_CONNECT, f"{endpoint}: {error}") from None
            raise

    async def _connect(self, endpoint: Endpoint) -> UpstreamConnection:
        """Raises Failure, OSError, OverflowError and ValueError."""
        addresses = await guarded_addresses(endpoint) if endpoint.guarded else [endpoint.address]
        refused: OSError | None = None
        for address in addresses:
            try:
                connection = await self._open_connection(endpoint, address)
            except OSError as error:
                refused = error
            else:
                if not connection.open:
                    raise OSError("the endpoint closed the connection at once")
                self._open.add(connection)
                return connection
        raise refused or OSError("the name leads nowhere")

    async def _open_connection(self, endpoint: Endpoint, address: str) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        connection = UpstreamConnection(endpoint, self)
        protocol = cast(asyncio.Protocol, connection)
        await loop.create_connection(lambda: protocol, address, endpoint.port)
        return connection

    def release(self, connection: UpstreamConnection, now: float) -> None:
        """Take back a connection whose exchange has ended; keep it if it may carry another."""
        endpoint = connection.endpoint
        if not connection.reusable:
            connection.close()
            return
        if self._queues and endpoint in self._queues:
            self._hand_over(connection)
            return
        waiting = self._idle.get(endpoint)
        if waiting is None:
            waiting = self._idle[endpoint] = []
        elif len(waiting) >= self._idle_per_endpoint:
            connection.close()
            return
        connection.idle_since = now
        connection.resume_reading()
        waiting.append(connection)

    def watched(self) -> list[Watched]:
        """Return what goes on upon the connections, and what waits for one, to be checked for time."""
        watched: list[Watched] = []
        for connection in self._open:
            receiver = connection.receiver
            if receiver is not None:
                watched.append(receiver)
        for queue in self._queues.values():
            watched.extend(queue)
        return watched

    def close_idle(self) -> None:
        """Close what has waited too long or was closed by its peer. To be called about once a second."""
        oldest = self._clock() - self._idle_seconds
        for endpoint in tuple(self._idle):
            waiting = self._idle[endpoint]
            kept = [connection for connection in waiting if connection.open and connection.idle_since >= oldest]
            if kept:
                self._idle[endpoint] = kept
            else:
                del self._idle[endpoint]
            for connection in set(waiting).difference(kept):
                connection.close()

    def close(self) -> None:
        self._queues.clear()
        for connection in tuple(self._open):
            connection.close()
        self._idle.clear()

    # What connections tell.

    def closed(self, connection: UpstreamConnection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            self._give_back(connection.endpoint)

    def _give_back(self, endpoint: Endpoint) -> None:
        """A place is free: whoever waits longest may have it."""
        queue = self._queues.get(endpoint)
        if queue:
            waiter = next(iter(queue))
            self.leave(endpoint, waiter)
            waiter.may_connect()
        elif self._reserved[endpoint] > 1:
            self._reserved[endpoint] -= 1
        else:
            del self._reserved[endpoint]

    def _hand_over(self, connection: UpstreamConnection) -> None:
        waiter = next(iter(self._queues[connection.endpoint]))
        if connection.has_unread_input or not waiter.takes_used_connections:
            connection.close()  # which lets the waiter connect
            return
        self.leave(connection.endpoint, waiter)
        connection.resume_reading()
        waiter.connection_free(connection)

    def __repr__(self) -> str:
        idle = sum(len(waiting) for waiting in self._idle.values())
        return f"<Pool {len(self._open)} open, {idle} idle, {len(self._reserved)} endpoints>"
