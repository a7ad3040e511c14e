from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import pytest

from tests.tls.clients import hello_of, message_of, records
from tests.tls.loops import Run, connect, until
from tls import peek
from tls.client_hello import ClientHello, Incomplete, NotTls, parse_client_hello

HELLO = hello_of("shop.example")


class Looks:
    """Counts how often the bytes of a client are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        monkeypatch.setattr(peek, "parse_client_hello", self._parse)

    def _parse(self, data: bytes) -> ClientHello | Incomplete | NotTls:
        self.count += 1
        return parse_client_hello(data)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(monkeypatch)


@contextlib.asynccontextmanager
async def connection() -> AsyncIterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener, await connect(listener.getsockname()) as client:
        server, _ = listener.accept()
        with server:
            server.setblocking(False)
            yield server, client


def peeking(server: socket.socket) -> asyncio.Task[ClientHello | NotTls | None]:
    return asyncio.get_running_loop().create_task(peek.peek_client_hello(server), name="peek")


def test_the_bytes_stay_for_the_handshake(run: Run) -> None:
    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            client.send(HELLO[:100])
            await until(lambda: server.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == len(HELLO))
            client.send(HELLO[100:])
            assert await task == ClientHello("shop.example")
            assert server.recv(4096) == HELLO
            assert server.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1

    run(main())


def test_bytes_that_come_one_by_one_take_few_looks(run: Run, looks: Looks) -> None:
    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            whole = records(message_of(HELLO), range(0, 500, 50))
            for position in range(len(whole)):
                client.send(whole[position : position + 1])
                await asyncio.sleep(0)
            assert await task == ClientHello("shop.example")
            assert looks.count < 40

    run(main())


def test_a_client_that_pauses_is_not_looked_at_again_and_again(run: Run, looks: Looks) -> None:
    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            client.send(HELLO[:100])
            await until(lambda: looks.count > 0)
            await asyncio.sleep(0.2)
            assert looks.count <= 2
            client.send(HELLO[100:])
            assert await task == ClientHello("shop.example")

    run(main())


def test_without_the_socket_option_a_timer_bounds_the_looks(
    run: Run, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peek, "_wake_at", lambda sock, count: None)

    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            client.send(HELLO[:100])
            await until(lambda: looks.count > 0)
            await asyncio.sleep(0.2)
            assert looks.count < 10
            client.send(HELLO[100:])
            assert await task == ClientHello("shop.example")

    run(main())


def test_a_large_hello_is_seen_whole(run: Run) -> None:
    body = b"\x03\x03" + b"r" * 32 + b"\0" + b"\x00\x02\x13\x01" + b"\x01\x00"
    extension = b"\x00\x63" + (30_000).to_bytes(2, "big") + b"x" * 30_000
    body += len(extension).to_bytes(2, "big") + extension
    hello = records(b"\x01" + len(body).to_bytes(3, "big") + body, [1 << 14])

    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            await asyncio.get_running_loop().sock_sendall(client, hello)
            assert await task == ClientHello(None)

    run(main())


@pytest.mark.parametrize("sent", [b"", HELLO[:100]])
def test_a_client_that_leaves_is_noticed(run: Run, sent: bytes) -> None:
    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            client.send(sent)
            await asyncio.sleep(0.01)
            client.close()
            async with asyncio.timeout(10):
                assert await task is None

    run(main())


def test_half_a_hello_and_the_end_of_the_stream_is_noticed(run: Run) -> None:
    async def main() -> None:
        async with connection() as (server, client):
            client.send(HELLO[:100])
            client.shutdown(socket.SHUT_WR)
            # Other systems do not report an end that comes after unread bytes: there the deadline ends it.
            expected: AbstractContextManager[object] = (
                contextlib.nullcontext() if hasattr(select, "POLLRDHUP") else pytest.raises(TimeoutError)
            )
            with expected:
                async with asyncio.timeout(2):
                    assert await peek.peek_client_hello(server) is None

    run(main())


def test_a_reset_is_an_error_of_the_socket(run: Run) -> None:
    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            await asyncio.sleep(0.01)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            with pytest.raises(ConnectionResetError):
                await task

    run(main())


def test_cancelling_frees_the_socket(run: Run) -> None:
    async def main() -> None:
        async with connection() as (server, client):
            task = peeking(server)
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not asyncio.get_running_loop().remove_reader(server)
            client.send(HELLO)
            assert await peek.peek_client_hello(server) == ClientHello("shop.example")

    run(main())
