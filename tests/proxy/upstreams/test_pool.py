from __future__ import annotations

import asyncio

import pytest

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.upstreams.connection import UpstreamConnection
from ingressd.proxy.upstreams.pool import Pool
from ingressd.routing.upstream import Endpoint
from tests.support.upstream import RecordingUpstream, recording_upstream, unused_endpoint


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def pool_of(clock: Clock, *, idle_seconds: float = 4.0, most: int = 8) -> Pool:
    return Pool(idle_seconds=idle_seconds, max_idle_per_endpoint=most, clock=clock)


async def opened(pool: Pool, upstream: RecordingUpstream, count: int) -> list[UpstreamConnection]:
    return [await pool.connect(upstream.endpoint, 5.0) for _ in range(count)]


async def test_the_connection_used_last_is_taken_first() -> None:
    clock = Clock()
    pool = pool_of(clock)
    async with recording_upstream() as upstream:
        first, second = await opened(pool, upstream, 2)
        pool.release(first)
        pool.release(second)
        assert pool.take(upstream.endpoint) is second
        assert pool.take(upstream.endpoint) is first
        assert pool.take(upstream.endpoint) is None
        pool.close()


async def test_a_connection_waits_only_so_long() -> None:
    clock = Clock()
    pool = pool_of(clock)
    async with recording_upstream() as upstream:
        [connection] = await opened(pool, upstream, 1)
        pool.release(connection)
        clock.now = 3.0
        assert pool.take(upstream.endpoint, longest_idle=1.0) is None, "too old for a request that cannot be repeated"
        assert pool.take(upstream.endpoint) is connection
        pool.release(connection)
        clock.now = 8.0
        assert pool.take(upstream.endpoint) is None
        pool.close_idle()
        assert not connection.open
        assert repr(pool) == "<Pool 0 open, 0 idle, 0 endpoints>"


async def test_at_most_so_many_wait_for_one_endpoint() -> None:
    pool = pool_of(Clock(), most=2)
    async with recording_upstream() as upstream:
        connections = await opened(pool, upstream, 3)
        for connection in connections:
            pool.release(connection)
        assert [connection.open for connection in connections] == [True, True, False]
        pool.close()
        assert not any(connection.open for connection in connections)


async def test_a_connection_that_its_peer_closed_is_not_given_out() -> None:
    async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        return

    pool = pool_of(Clock())
    async with recording_upstream(close_at_once) as upstream:
        [connection] = await opened(pool, upstream, 1)
        pool.release(connection)
        async with asyncio.timeout(5):
            while connection.open:
                await asyncio.sleep(0.005)
        assert pool.take(upstream.endpoint) is None


async def test_bytes_that_answer_nothing_make_a_connection_unfit() -> None:
    async def talk_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON")
        await reader.read()

    pool = pool_of(Clock())
    async with recording_upstream(talk_first) as upstream:
        [connection] = await opened(pool, upstream, 1)
        pool.release(connection)
        async with asyncio.timeout(5):
            while connection.open:
                await asyncio.sleep(0.005)
        assert pool.take(upstream.endpoint) is None


@pytest.mark.parametrize("endpoint", [None, Endpoint("no-such-host.invalid", 80), Endpoint("bad..name", 80)])
async def test_a_failed_connect_names_the_endpoint(endpoint: Endpoint | None) -> None:
    endpoint = endpoint or await unused_endpoint()
    with pytest.raises(Failure) as caught:
        await pool_of(Clock()).connect(endpoint, 5.0)
    assert caught.value.reason is Reason.UPSTREAM_CONNECT
    assert str(endpoint) in caught.value.detail
    assert caught.value.answer.retry_safe
