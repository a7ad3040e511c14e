from __future__ import annotations

import asyncio

from tests.tls.loops import Run, connect, until
from tls.bounded_reads import BoundedReads

BUFFER_BYTES = 100


class Reader:
    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.events: list[str] = []

    def data_received(self, data: bytes | memoryview) -> None:
        self.pieces.append(bytes(data))

    def eof_received(self) -> bool:
        self.events.append("eof")
        return True

    def pause_writing(self) -> None:
        self.events.append("paused")

    def resume_writing(self) -> None:
        self.events.append("resumed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")


def test_a_read_fills_the_buffer_at_most() -> None:
    reader = Reader()
    bounded = BoundedReads(reader, memoryview(bytearray(BUFFER_BYTES)))
    buffer = bounded.get_buffer(-1)
    assert len(buffer) == BUFFER_BYTES
    buffer[:5] = b"hello"
    bounded.buffer_updated(5)
    assert reader.pieces == [b"hello"]


def test_all_else_is_passed_on() -> None:
    reader = Reader()
    bounded = BoundedReads(reader, memoryview(bytearray(BUFFER_BYTES)))
    bounded.pause_writing()
    bounded.resume_writing()
    assert bounded.eof_received() is True
    bounded.connection_lost(None)
    assert reader.events == ["paused", "resumed", "eof", "lost"]


def test_an_event_loop_reads_through_it(run: Run) -> None:
    class Beginning(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.append(transport)
            transport.set_protocol(bounded)

    reader = Reader()
    bounded = BoundedReads(reader, memoryview(bytearray(BUFFER_BYTES)))
    transports: list[asyncio.BaseTransport] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(Beginning, "127.0.0.1", 0) as server:
            with await connect(server.sockets[0].getsockname()) as client:
                client.send(bytes(1000))
                await until(lambda: sum(map(len, reader.pieces)) == 1000)
            await until(lambda: reader.events == ["eof"])
            transports[0].close()
            await until(lambda: reader.events == ["eof", "lost"])
        assert max(map(len, reader.pieces)) <= BUFFER_BYTES

    run(main())
