"""Bodies in both directions, and who waits where one side is slow."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket

import pytest

from ingressd.policies.timeouts import Timeouts
from ingressd.proxy import connection_owner
from ingressd.proxy.upstreams.read_sizes import READ_BYTES
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import full_backlog, read_message, recording_upstream, stop_reading

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("coding", ["length", "chunked"])
async def test_large_bodies_arrive_whole_in_both_directions(coding: str) -> None:
    size, piece = 40 * 2**20, b"0123456789abcdef" * 4096

    async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_message(reader)
        framing = b"Content-Length: %d" % size if coding == "length" else b"Transfer-Encoding: chunked"
        writer.write(
            b"HTTP/1.1 200 OK\r\nX-Digest: %b\r\n%b\r\n\r\n" % (hashlib.md5(body).hexdigest().encode(), framing)
        )
        for _ in range(size // len(piece)):
            writer.write(piece if coding == "length" else b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        if coding == "chunked":
            writer.write(b"0\r\n\r\n")
        await reader.read()

    async with recording_upstream(mirror) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        framing = b"Content-Length: %d" % size if coding == "length" else b"Transfer-Encoding: chunked"
        encoded = piece if coding == "length" else b"%x\r\n%b\r\n" % (len(piece), piece)
        ending = [] if coding == "length" else [b"0\r\n\r\n"]
        data = await proxy.send(
            b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing, *[encoded] * (size // len(piece)), *ending
        )
        answer = parse_answer(data)
        expected = piece * (size // len(piece))
        assert answer.body == expected
        assert answer.fields["x-digest"] == hashlib.md5(expected).hexdigest()
        record = proxy.records[0]
        assert (record.bytes_received, record.bytes_sent) == (size, size)


async def test_a_slow_client_holds_back_the_endpoint_and_not_the_memory() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_message(reader)
        writer.transport.set_write_buffer_limits(high=0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with recording_upstream(flood) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        stop_reading(writer)
        writer.write(GET)
        previous = -1
        async with asyncio.timeout(20):
            while sent == 0 or sent != previous:
                previous = sent
                await asyncio.sleep(0.3)
        assert sent < 32 * 2**20, "what the kernel's socket buffers hold, and no more"
        [connection] = proxy.proxy._connections
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_size() <= READ_BYTES + 1024, "one read, and what frames it"
        writer.transport.abort()
        assert reader is not None


@pytest.mark.parametrize("coding", ["length", "chunked"])
async def test_an_endpoint_that_takes_nothing_holds_back_the_client_and_not_the_memory(coding: str) -> None:
    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stop_reading(writer)
        await asyncio.Event().wait()

    async with recording_upstream(deaf) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        framing = b"Content-Length: 1000000000" if coding == "length" else b"Transfer-Encoding: chunked"
        piece = b"x" * 65536 if coding == "length" else b"10000\r\n" + b"x" * 65536 + b"\r\n"
        _, writer = await proxy.connect()
        writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing)
        sent = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while sent < 2**27:
                    writer.write(piece)
                    await writer.drain()
                    sent += len(piece)
        assert sent < 2**26, "what the kernel's socket buffers hold, and no more"
        [connection] = proxy.proxy._pool._open
        assert connection._transport is not None
        assert 0 < connection._transport.get_write_buffer_size() <= connection_owner.READ_BYTES + 1024, "one read"
        writer.transport.abort()


async def test_a_body_does_not_pile_up_while_another_endpoint_is_tried() -> None:
    async def read_a_little(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(5)

    with full_backlog() as full:
        async with recording_upstream(read_a_little) as upstream:
            async with serving(table_for([upstream.endpoint, full], timeouts=Timeouts(connect=30))) as proxy:
                _, writer = await proxy.connect()
                writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                await asyncio.sleep(0.2)
                sent = 0
                with contextlib.suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(1):
                        while sent < 2**27:
                            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                            await writer.drain()
                            sent += 65536
                assert sent < 2**25, "what the kernel's socket buffers hold, and no more"
                writer.transport.abort()


async def test_a_client_that_reads_slowly_but_steadily_is_not_cut() -> None:
    size = 3 * 2**20

    async def fast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await reader.read()

    async with (
        recording_upstream(fast) as upstream,
        serving(table_for([upstream.endpoint], timeouts=Timeouts(send_idle=1.0))) as proxy,
    ):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", proxy.port))
        await loop.sock_sendall(client, GET)
        received = 0
        with client:
            while received < size:
                data = await loop.sock_recv(client, 8192)
                assert data, f"cut after {received} bytes"
                received += len(data)
                if received < size // 6:
                    await asyncio.sleep(0.05)
