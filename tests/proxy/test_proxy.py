"""The data plane as a whole: draining, and what it says of itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import aiohttp.http_parser
import msgspec
import pytest

from ingressd.proxy.aiohttp_bridge import require_compiled_parser
from ingressd.routing.difference import TableDifference
from ingressd.settings import ProxySettings
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import answering, read_message, recording_upstream

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_a_drain_lets_requests_finish_and_closes_idle_connections() -> None:
    release = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()

    async with recording_upstream(slow) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        idle_reader, idle_writer = await proxy.connect()
        busy_reader, busy_writer = await proxy.connect()
        busy_writer.write(GET)
        while not upstream.received:
            await asyncio.sleep(0.005)
        assert proxy.proxy.in_flight == 1
        assert proxy.proxy.open_connections == 2
        async with asyncio.TaskGroup() as group:
            closing = group.create_task(proxy.proxy.close(10))
            assert await idle_reader.read() == b"", "an idle connection is closed at once"
            with pytest.raises(OSError):  # noqa: PT011 - refused or reset
                await (await proxy.connect())[0].readexactly(1)
            assert not closing.done()
            release.set()
            answer = parse_answer(await busy_reader.read())
        assert answer.status == 200
        assert answer.body == b"ok"
        assert answer.fields["connection"] == "close"
        assert proxy.proxy.in_flight == 0
        for writer in (idle_writer, busy_writer):
            writer.close()


async def test_a_drain_may_leave_idle_connections_time_for_one_more_request() -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        while not proxy.proxy.open_connections:
            await asyncio.sleep(0.005)
        async with asyncio.TaskGroup() as group:
            group.create_task(proxy.proxy.close(60, idle_seconds=60))
            # Longer than a drain takes that closes idle connections at once.
            await asyncio.sleep(0.2)
            writer.write(GET)
            answer = parse_answer(await reader.read())
        assert (answer.status, answer.fields["connection"]) == (200, "close")
        writer.close()


async def test_the_time_of_idle_connections_ends() -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(proxy.proxy.close(60, idle_seconds=0.1))
            assert await reader.read() == b""
        writer.close()


async def test_a_drain_that_is_cancelled_can_be_ended() -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await reader.read()

    async with recording_upstream(never) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(GET)
        while not upstream.received:
            await asyncio.sleep(0.005)
        for moments in range(8):
            draining = asyncio.get_running_loop().create_task(proxy.proxy.close(30))
            for _ in range(moments):
                await asyncio.sleep(0)
            draining.cancel()
            with pytest.raises(asyncio.CancelledError):
                await draining
        async with asyncio.timeout(10):
            await proxy.proxy.close(0)
            assert await reader.read() == b""
        writer.close()


async def test_a_drain_ends_when_its_grace_does() -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await reader.read()

    async with recording_upstream(never) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(GET)
        while not upstream.received:
            await asyncio.sleep(0.005)
        async with asyncio.timeout(10):
            await proxy.proxy.close(0.1)
            assert await reader.read() == b""
        writer.close()
        assert [record.reason for record in proxy.records] == ["draining"], "it was not the client who left"


async def test_an_answer_of_ours_to_head_counts_no_body() -> None:
    async with serving(TableDifference()) as proxy:
        reader, writer = await proxy.connect()
        writer.write(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
        writer.write(GET.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))
        answer = await reader.read()
        writer.close()
    body = answer.partition(b"\r\n\r\n")[2]
    assert [record.bytes_sent for record in proxy.records] == [0, len(body)]


async def test_a_drain_serves_clients_that_are_connected_and_not_accepted_yet() -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        clients = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(20)]
        for client in clients:
            client.sendall(GET)
        await proxy.proxy.close(10)
        for client in clients:
            with client:
                client.settimeout(10)
                assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("turns", range(5))
async def test_a_drain_serves_a_client_that_is_being_accepted(turns: int) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(GET)
            for _ in range(turns):
                await asyncio.sleep(0)
            await proxy.proxy.close(10)
            client.settimeout(10)
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_many_clients_that_leave_leave_nothing_behind() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000)
        await reader.read()

    async with recording_upstream(endless) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        for _ in range(100):
            reader, writer = await proxy.connect()
            writer.write(GET)
            await reader.readexactly(100)
            writer.transport.abort()
        async with asyncio.timeout(10):
            while proxy.proxy.in_flight or proxy.proxy.open_connections or upstream.closed < 100:
                await asyncio.sleep(0.01)
        assert len(proxy.proxy.watchdog) == 0
        assert {record.reason for record in proxy.records} == {"client_closed"}


async def test_a_client_that_leaves_before_its_request_is_begun_is_recorded() -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        _, writer = await proxy.connect()
        async with asyncio.timeout(10):
            while not proxy.proxy.open_connections:
                await asyncio.sleep(0.01)
        (connection,) = proxy.proxy._connections
        transport = connection.transport
        assert transport is not None
        # In one turn of the loop, which no client can time.
        connection.data_received(GET)
        connection.connection_lost(None)
        transport.close()
        await asyncio.sleep(0)
        assert [record.reason for record in proxy.records] == ["client_closed"]
        assert proxy.proxy.in_flight == 0
        writer.close()


def test_the_pure_python_parser_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    require_compiled_parser()
    monkeypatch.setattr(aiohttp.http_parser, "HttpRequestParser", aiohttp.http_parser.HttpRequestParserPy)
    with pytest.raises(RuntimeError, match="pure-Python"):
        require_compiled_parser()


async def test_a_connection_that_waits_too_long_for_a_request_is_closed() -> None:
    settings = msgspec.structs.replace(ProxySettings(), keep_alive_seconds=0.2)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
        used_reader, used_writer = await proxy.connect()
        used_writer.write(GET)
        await used_reader.readuntil(b"ok")
        silent_reader, silent_writer = await proxy.connect()
        async with asyncio.timeout(10):
            assert await used_reader.read() == b""
            assert await silent_reader.read() == b""
        for writer in (used_writer, silent_writer):
            writer.close()


async def test_what_a_client_sends_ahead_is_bounded() -> None:
    release = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await release.wait()

    settings = msgspec.structs.replace(ProxySettings(), read_ahead_bytes=4096)
    async with recording_upstream(slow) as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
        _, writer = await proxy.connect()
        sent = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while sent < 2**27:
                    writer.write(GET * 1000)
                    await writer.drain()
                    sent += len(GET) * 1000
        assert sent < 2**25, "what the kernel's socket buffers hold, and no more"
        writer.transport.abort()
        release.set()


async def test_no_request_is_begun_while_the_client_takes_no_answers() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40000
    count = 300

    async with recording_upstream(answering(answer)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", proxy.port))
        await loop.sock_sendall(client, GET * count)
        client.shutdown(socket.SHUT_WR)
        while not any(connection.writing_paused for connection in proxy.proxy._connections):
            await asyncio.sleep(0.01)
        ended = -1
        while ended != len(proxy.records):
            ended = len(proxy.records)
            await asyncio.sleep(0.2)
        (connection,) = proxy.proxy._connections
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_size() < 2 * len(answer)
        assert ended < count
        received = b""
        async with asyncio.timeout(20):
            while data := await loop.sock_recv(client, 2**20):
                received += data
        client.close()
        assert received.count(b"HTTP/1.1 200 OK") == count
        assert received.count(b"x" * 40000) == count
