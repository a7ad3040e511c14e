"""Connections to endpoints: which are used again, and what waits for one."""

from __future__ import annotations

import asyncio
import functools
import socket

import msgspec
import pytest

from ingressd.policies.timeouts import Timeouts
from ingressd.settings import ProxySettings
from tests.support.proxying import ServingProxy, parse_answer, serving, table_for
from tests.support.upstream import OK, answering, full_backlog, read_message, recording_upstream

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


async def until_none_is_open(proxy: ServingProxy) -> None:
    async with asyncio.timeout(20):
        while not repr(proxy.proxy._pool).startswith("<Pool 0 open"):
            await asyncio.sleep(0.01)


async def test_connections_are_reused() -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        await proxy.send(GET * 20)
        assert len(upstream.connections) == 1


async def test_a_connection_that_was_idle_too_long_is_not_reused() -> None:
    settings = msgspec.structs.replace(ProxySettings(), upstream_idle_seconds=0.05)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
        await proxy.send(GET)
        await asyncio.sleep(0.1)
        await proxy.send(GET)
        assert len(upstream.connections) == 2


async def test_a_body_behind_an_answer_that_has_none_is_no_answer() -> None:
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVIL!"

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 204 No\r\nContent-Length: %d\r\n\r\n" % len(evil))
        await asyncio.sleep(0.05)
        writer.write(evil)
        await reader.read()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        for _ in range(3):
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
            await until_none_is_open(proxy)
        writer.close()
        assert len(upstream.connections) == 3


async def test_connections_that_endpoints_close_leave_nothing_behind() -> None:
    async with recording_upstream(answering(OK, close=True)) as upstream:
        async with serving(table_for([upstream.endpoint])) as proxy:
            for _ in range(20):
                assert parse_answer(await proxy.send(GET)).status == 200
            await until_none_is_open(proxy)


async def _answer_when(release: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await read_message(reader)
        await release.wait()
        writer.write(OK)


async def test_requests_wait_for_a_connection_where_an_endpoint_has_its_most() -> None:
    release = asyncio.Event()
    settings = msgspec.structs.replace(ProxySettings(), upstream_connections_per_endpoint=2)
    async with (
        recording_upstream(functools.partial(_answer_when, release)) as upstream,
        serving(table_for([upstream.endpoint]), settings) as proxy,
        asyncio.TaskGroup() as group,
    ):
        sending = [group.create_task(proxy.send(request)) for request in (GET, POST) * 5]
        while proxy.proxy.in_flight < 10:
            await asyncio.sleep(0.01)
        release.set()
        assert [parse_answer(await sent).status for sent in sending] == [200] * 10
        assert len(upstream.connections) == 2


async def test_a_request_that_finds_the_queue_full_is_answered_503() -> None:
    release = asyncio.Event()
    settings = msgspec.structs.replace(
        ProxySettings(), upstream_connections_per_endpoint=1, queued_requests_per_endpoint=1
    )
    async with (
        recording_upstream(functools.partial(_answer_when, release)) as upstream,
        serving(table_for([upstream.endpoint]), settings) as proxy,
        asyncio.TaskGroup() as group,
    ):
        sending = [group.create_task(proxy.send(GET)) for _ in range(2)]
        while proxy.proxy.in_flight < 2:
            await asyncio.sleep(0.01)
        answer = parse_answer(await proxy.send(GET))
        assert (answer.status, answer.fields["x-ingressd-reason"]) == (503, "upstream_busy")
        assert answer.fields["retry-after"] == "1"
        release.set()
        assert [parse_answer(await sent).status for sent in sending] == [200, 200]


async def test_a_request_waits_for_a_connection_as_long_as_it_may_wait_for_a_new_one() -> None:
    settings = msgspec.structs.replace(ProxySettings(), upstream_connections_per_endpoint=1)
    async with (
        recording_upstream(functools.partial(_answer_when, asyncio.Event())) as upstream,
        serving(table_for([upstream.endpoint], timeouts=Timeouts(connect=0.2)), settings) as proxy,
        asyncio.TaskGroup() as group,
    ):
        first = group.create_task(proxy.send(GET, half_close=False))
        while not upstream.connections:
            await asyncio.sleep(0.01)
        assert parse_answer(await proxy.send(GET)).fields["x-ingressd-reason"] == "upstream_busy"
        await proxy.proxy.close(0)
        await first


async def test_what_cannot_be_sent_again_takes_no_connection_that_ends_behind_its_last_answer() -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # the answer and its end in one segment
        await read_message(reader)
        writer.write(OK)
        writer.write_eof()

    async with recording_upstream(closing) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        received = await proxy.send(GET + POST)
        assert received.count(b"HTTP/1.1 200 OK") == 2
        assert [record.attempts for record in proxy.records] == [1, 1]


async def test_an_endpoint_that_took_long_to_fail_does_not_make_a_connection_younger() -> None:
    """A POST takes only a connection that was in use within the last second, counted from when it takes it."""
    settings = msgspec.structs.replace(ProxySettings(), connect_seconds=1.2)
    with full_backlog() as full:
        async with recording_upstream() as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
            assert parse_answer(await proxy.send(GET)).status == 200
            proxy.proxy.apply(table_for([full, upstream.endpoint]))
            await asyncio.gather(proxy.send(POST), proxy.send(POST))
            assert [record.attempts for record in proxy.records] == [1, 1, 2]
            assert len(upstream.connections) == 2
