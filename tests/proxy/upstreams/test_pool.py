from __future__ import annotations

import asyncio

import pytest

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.upstreams.connection import UpstreamConnection
from ingressd.proxy.upstreams.pool import Pool, PoolLimits
from ingressd.routing.endpoint import Endpoint
from tests.support.upstream import RecordingUpstream, recording_upstream, unused_endpoint

NOW = 0.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Waiting:
    """A request that waits; ``found`` is what it got in the end."""

    def __init__(self, *, takes_used_connections: bool = True) -> None:
        self.takes_used_connections = takes_used_connections
        self.found: UpstreamConnection | str = ""

    def connection_free(self, connection: UpstreamConnection) -> None:
        self.found = connection

    def check(self, now: float) -> None: ...

    def may_connect(self) -> None:
        self.found = "a place"


def pool_of(clock: Clock, *, idle: int = 8, open_connections: int = 8, queued: int = 8) -> Pool:
    limits = PoolLimits(
        idle_seconds=4.0, idle_per_endpoint=idle, open_per_endpoint=open_connections, queued_per_endpoint=queued
    )
    return Pool(limits, clock)


async def opened(pool: Pool, upstream: RecordingUpstream, count: int) -> list[UpstreamConnection]:
    connections = []
    for _ in range(count):
        assert pool.reserve(upstream.endpoint)
        connections.append(await pool.connect(upstream.endpoint, 5.0))
    return connections


async def test_the_connection_used_last_is_taken_first() -> None:
    clock = Clock()
    pool = pool_of(clock)
    async with recording_upstream() as upstream:
        first, second = await opened(pool, upstream, 2)
        pool.release(first, NOW)
        pool.release(second, NOW)
        assert pool.take(upstream.endpoint, NOW) is second
        assert pool.take(upstream.endpoint, NOW) is first
        assert pool.take(upstream.endpoint, NOW) is None
        pool.close()


async def test_a_connection_waits_only_so_long() -> None:
    clock = Clock()
    pool = pool_of(clock)
    async with recording_upstream() as upstream:
        [connection] = await opened(pool, upstream, 1)
        pool.release(connection, NOW)
        clock.now = 3.0
        assert pool.take(upstream.endpoint, 3.0, repeatable=False) is None, "too old for what cannot be repeated"
        assert pool.take(upstream.endpoint, 3.0) is connection
        pool.release(connection, 3.0)
        clock.now = 8.0
        assert pool.take(upstream.endpoint, 8.0) is None
        pool.close_idle()
        assert not connection.open
        assert repr(pool) == "<Pool 0 open, 0 idle, 0 endpoints>"


async def test_at_most_so_many_wait_for_one_endpoint() -> None:
    pool = pool_of(Clock(), idle=2)
    async with recording_upstream() as upstream:
        connections = await opened(pool, upstream, 3)
        for connection in connections:
            pool.release(connection, NOW)
        assert [connection.open for connection in connections] == [True, True, False]
        pool.close()
        assert not any(connection.open for connection in connections)


async def test_a_connection_that_its_peer_closed_is_not_given_out() -> None:
    async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        return

    pool = pool_of(Clock())
    async with recording_upstream(close_at_once) as upstream:
        [connection] = await opened(pool, upstream, 1)
        pool.release(connection, NOW)
        async with asyncio.timeout(5):
            while connection.open:
                await asyncio.sleep(0.005)
        assert pool.take(upstream.endpoint, NOW) is None


async def test_bytes_that_answer_nothing_make_a_connection_unfit() -> None:
    async def talk_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON")
        await reader.read()

    pool = pool_of(Clock())
    async with recording_upstream(talk_first) as upstream:
        [connection] = await opened(pool, upstream, 1)
        pool.release(connection, NOW)
        async with asyncio.timeout(5):
            while connection.open:
                await asyncio.sleep(0.005)
        assert pool.take(upstream.endpoint, NOW) is None


@pytest.mark.parametrize("endpoint", [None, Endpoint("no-such-host.invalid", 80), Endpoint("bad..name", 80)])
async def test_a_failed_connect_names_the_endpoint(endpoint: Endpoint | None) -> None:
    endpoint = endpoint or await unused_endpoint()
    pool = pool_of(Clock(), open_connections=1)
    assert pool.reserve(endpoint)
    with pytest.raises(Failure) as caught:
        await pool.connect(endpoint, 5.0)
    assert pool.reserve(endpoint), "its place is free again"
    assert caught.value.reason is Reason.UPSTREAM_CONNECT
    assert str(endpoint) in caught.value.detail
    assert caught.value.answer.retry_safe


async def test_who_waits_gets_the_connection_that_comes_free_in_the_order_of_waiting() -> None:
    pool = pool_of(Clock(), open_connections=1, queued=2)
    async with recording_upstream() as upstream:
        [connection] = await opened(pool, upstream, 1)
        assert not pool.reserve(upstream.endpoint)
        first, second, third = Waiting(), Waiting(), Waiting()
        assert [pool.wait(upstream.endpoint, waiter) for waiter in (first, second, third)] == [True, True, False]
        pool.release(connection, NOW)
        assert [waiter.found for waiter in (first, second)] == [connection, ""]
        connection.close()
        assert second.found == "a place"
        assert not pool.reserve(upstream.endpoint), "the place went to who waited"
        pool.close()


async def test_who_may_not_take_a_used_connection_gets_its_place() -> None:
    pool = pool_of(Clock(), open_connections=1)
    async with recording_upstream() as upstream:
        [connection] = await opened(pool, upstream, 1)
        waiter = Waiting(takes_used_connections=False)
        assert pool.wait(upstream.endpoint, waiter)
        pool.release(connection, NOW)
        assert waiter.found == "a place"
        assert not connection.open
        pool.close()


async def test_who_left_the_queue_gets_nothing() -> None:
    pool = pool_of(Clock(), open_connections=1)
    async with recording_upstream() as upstream:
        [connection] = await opened(pool, upstream, 1)
        waiter = Waiting()
        assert pool.wait(upstream.endpoint, waiter)
        pool.leave(upstream.endpoint, waiter)
        pool.release(connection, NOW)
        assert waiter.found == ""
        assert pool.take(upstream.endpoint, NOW) is connection
        pool.close()


async def test_a_connection_that_is_too_old_to_be_taken_gives_its_place() -> None:
    clock = Clock()
    pool = pool_of(clock, open_connections=1)
    async with recording_upstream() as upstream:
        [connection] = await opened(pool, upstream, 1)
        pool.release(connection, NOW)
        clock.now = 2.0
        assert pool.take(upstream.endpoint, 3.0, repeatable=False) is None
        assert pool.reserve(upstream.endpoint)
        assert not connection.open
        assert not pool.reserve(upstream.endpoint)
        pool.close()


async def test_a_connection_gives_its_place_behind_one_that_was_closed() -> None:
    clock = Clock()
    pool = pool_of(clock, open_connections=2)
    async with recording_upstream() as upstream:
        closed, waiting = await opened(pool, upstream, 2)
        pool.release(closed, NOW)
        pool.release(waiting, NOW)
        closed.close()
        await opened(pool, upstream, 1)
        assert pool.take(upstream.endpoint, 3.0, repeatable=False) is None
        assert pool.reserve(upstream.endpoint)
        assert not waiting.open
        pool.close()
