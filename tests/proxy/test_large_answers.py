"""Large answers: the same bytes whatever the reads, the writes and the client, and one short read at most in memory."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.connection_owner import MOST_LONG_RESTS
from ingressd.proxy.unsent import room_to_send
from ingressd.proxy.upstreams.read_sizes import MOST_READ_BYTES, READ_BYTES, TURN_BYTES
from ingressd.settings import LaneName
from tests.support.proxying import ServingProxy, parse_answer, serving, table_for
from tests.support.upstream import read_message, recording_upstream

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HTTP_1_0 = b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"
BODY = random.Random(11).randbytes(6 * 2**20)

Loop = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Loop:
    """Run a coroutine on each of the loops that the program may run on: they read in different ways."""

    def run(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(main)

    return run


@asynccontextmanager
async def sending(body: bytes, pieces: list[int], framing: str) -> AsyncIterator[ServingProxy]:
    """Serve ``body`` from an endpoint that sends it in pieces of these lengths, and the rest in one."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        field = {"length": b"Content-Length: %d\r\n" % len(body), "chunked": b"Transfer-Encoding: chunked\r\n"}
        writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n" % field.get(framing, b""))
        begin = 0
        for size in [*pieces, len(body)]:
            piece = body[begin : begin + size]
            begin += size
            if piece:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if framing == "chunked" else piece)
                await writer.drain()
                await asyncio.sleep(0)
        if framing == "chunked":
            writer.write(b"0\r\n\r\n")

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        yield proxy


async def connected(port: int, receive_buffer: int) -> socket.socket:
    client = socket.socket()
    client.setblocking(False)
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    return client


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.002)


@settings(max_examples=25)
@given(
    size=st.integers(1, len(BODY)),
    pieces=st.lists(st.integers(1, 2 * MOST_READ_BYTES), max_size=12),
    takes=st.lists(st.integers(1, MOST_READ_BYTES), min_size=1, max_size=12),
    waits=st.sets(st.integers(0, 20), max_size=3),
    receive_buffer=st.sampled_from([0, 4096, 65536]),
    framing=st.sampled_from(["length", "length", "chunked", "close"]),
    request_head=st.sampled_from([GET, HTTP_1_0]),
)
def test_any_pieces_and_any_client_give_the_same_bytes(
    size: int,
    pieces: list[int],
    takes: list[int],
    waits: set[int],
    receive_buffer: int,
    framing: str,
    request_head: bytes,
) -> None:
    """``takes`` are the sizes of the client's reads, again and again; it waits before those that ``waits`` counts."""

    async def main() -> None:
        body = BODY[:size]
        loop = asyncio.get_running_loop()
        async with sending(body, pieces, framing) as proxy:
            with await connected(proxy.port, receive_buffer) as client:
                await loop.sock_sendall(client, request_head)
                received = bytearray()
                count = 0
                async with asyncio.timeout(30):
                    while data := await loop.sock_recv(client, takes[count % len(takes)] + 1024):
                        received += data
                        count += 1
                        if count in waits:
                            await asyncio.sleep(0.01)
                assert parse_answer(bytes(received)).body == body
            await until(lambda: bool(proxy.records))
            [record] = proxy.records
            assert (record.status, record.bytes_sent, record.reason) == (200, size, "")

    for new_loop in (asyncio.new_event_loop, uvloop.new_event_loop):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(main())


def test_a_client_that_stalls_in_the_middle_leaves_one_short_read_in_memory(run: Loop, each_lane: LaneName) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with sending(bytes(64 * 2**20), [], "length") as proxy:
            with await connected(proxy.port, 0) as client:
                await loop.sock_sendall(client, GET)
                # By now reads are as long as they get.
                buffer = bytearray(2**20)
                taken = 0
                while taken < 24 * 2**20:
                    taken += await loop.sock_recv_into(client, buffer)
                [connection] = proxy.proxy._connections
                assert connection.transport is not None
                held, previous = 0, -1
                async with asyncio.timeout(20):
                    # The kernel goes on for a moment: what it holds for the sender moves to the receiver.
                    while not held or held != previous:
                        await asyncio.sleep(0.3)
                        previous, held = held, connection.transport.get_write_buffer_size()
                assert held <= READ_BYTES
                while data := await loop.sock_recv(client, 2**20):
                    taken += len(data)
                assert taken > 64 * 2**20
            await until(lambda: bool(proxy.records))
            assert proxy.records[0].bytes_sent == 64 * 2**20

    run(main())


def test_reads_grow_while_the_client_takes_them(each_lane: LaneName) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with sending(bytes(64 * 2**20), [], "length") as proxy:
            with await connected(proxy.port, 0) as client:
                await loop.sock_sendall(client, GET)
                longest = 0
                buffer = bytearray(2**20)
                while await loop.sock_recv_into(client, buffer):
                    for connection in proxy.proxy._pool._open:
                        longest = max(longest, connection._read_sizes.asked)
                assert READ_BYTES < longest <= MOST_READ_BYTES

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_a_client_that_resets_in_the_middle_is_recorded_and_its_endpoint_let_go(run: Loop, each_lane: LaneName) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with sending(bytes(64 * 2**20), [], "length") as proxy:
            client = await connected(proxy.port, 0)
            await loop.sock_sendall(client, GET)
            taken = 0
            while taken < 2 * 2**20:
                taken += len(await loop.sock_recv(client, 2**18))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            await until(lambda: bool(proxy.records) and not proxy.proxy._pool._open)
            [record] = proxy.records
            assert record.reason == "client_closed"
            assert record.bytes_sent < 64 * 2**20
            assert not proxy.proxy._connections

    run(main())


def test_large_answers_at_the_same_time_end_whole(run: Loop) -> None:
    """Each is read in many turns."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        size = 16 * TURN_BYTES
        async with sending(bytes(size), [], "length") as proxy:

            async def download() -> int:
                with await connected(proxy.port, 0) as client:
                    await loop.sock_sendall(client, GET)
                    taken = 0
                    while data := await loop.sock_recv(client, 2**20):
                        taken += len(data)
                    return taken

            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                downloads = [group.create_task(download()) for _ in range(3)]
            assert all(each.result() > size for each in downloads)

    run(main())


async def test_room_to_send_is_taken_at_once() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiving = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
    accepted.setblocking(False)
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
    try:
        rounds = 0
        while (room := room_to_send(transport)) > READ_BYTES:
            assert accepted.send(bytes(room)) == room
            rounds += 1
        assert 0 < rounds < 1000
        with pytest.raises(BlockingIOError):
            while True:
                accepted.send(bytes(READ_BYTES))
        assert room_to_send(transport) == 0
    finally:
        transport.abort()
        receiving.close()


def test_long_rests_are_counted_for_as_long_as_they_are_held(run: Loop) -> None:
    """The kernel may take less than it promised; then no more clients get long reads than may be held."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with sending(b"", [], "length") as proxy:
            owner = proxy.proxy._owner
            with await connected(proxy.port, 4096) as client, await connected(proxy.port, 4096) as leaving:
                await until(lambda: len(owner.connections) == 2)
                piece = memoryview(bytes(MOST_READ_BYTES))
                for connection in tuple(owner.connections):
                    assert connection.room() > READ_BYTES
                    while not connection.writing_paused:
                        connection.write_view(piece)
                    connection.write_view(piece)
                    assert connection.room() == 0
                assert len(owner.long_rests) == 2
                leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                leaving.close()
                await until(lambda: len(owner.long_rests) == 1)
                while owner.long_rests:
                    await loop.sock_recv(client, 2**20)
                [connection] = owner.connections
                await until(lambda: connection.room() > READ_BYTES)
                owner.long_rests.update(ClientConnection(owner, "http", 80) for _ in range(MOST_LONG_RESTS))
                assert connection.room() == 0
                owner.long_rests.clear()

    run(main())
