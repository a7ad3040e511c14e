"""An upstream made of raw bytes: it records what it gets and answers what a test scripted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from ingressd.routing.endpoint import Endpoint

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RecordingUpstream:
    """``connections`` holds, for each connection in turn, every byte that came on it."""

    def __init__(self, script: Script | None) -> None:
        self._script = script or self._answer_each_head
        self.connections: list[bytearray] = []
        self.endpoint = Endpoint("127.0.0.1", 0)
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = 0

    @property
    def received(self) -> bytes:
        return b"".join(bytes(connection) for connection in self.connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        record = bytearray()
        self.connections.append(record)
        recording = _Recorder(reader, record)
        try:
            await self._script(recording, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self.closed += 1
            writer.close()

    @staticmethod
    async def _answer_each_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_message(reader)
            writer.write(OK)

    async def stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Recorder(asyncio.StreamReader):
    """Reads from another reader, and keeps what was read."""

    def __init__(self, reader: asyncio.StreamReader, record: bytearray) -> None:
        super().__init__(limit=2**26)
        self._source = reader
        self._record = record

    async def read(self, n: int = -1) -> bytes:
        data = await self._source.read(n)
        self._record += data
        return data

    async def readexactly(self, n: int) -> bytes:
        data = await self._source.readexactly(n)
        self._record += data
        return data

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override]
        data = await self._source.readuntil(separator)
        self._record += data
        return data


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read one well-formed request; return its head and its body, de-chunked."""
    head = await reader.readuntil(b"\r\n\r\n")
    body = b""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            body = await reader.readexactly(int(value))
        elif name.lower() == b"transfer-encoding":
            while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
    return head, body


@asynccontextmanager
async def recording_upstream(script: Script | None = None) -> AsyncIterator[RecordingUpstream]:
    upstream = RecordingUpstream(script)
    server = await asyncio.start_server(upstream._serve, "127.0.0.1", 0, limit=2**26)
    upstream.endpoint = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield upstream
    finally:
        server.close()
        await upstream.stop()


def answering(*answers: bytes, close: bool = False) -> Script:
    """A script that gives one answer to each request of a connection, in turn; the last one repeats."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = 0
        while True:
            await read_message(reader)
            writer.write(answers[min(served, len(answers) - 1)])
            served += 1
            if close:
                await writer.drain()
                return

    return script


def stop_reading(writer: asyncio.StreamWriter) -> None:
    """Take no more of what the other side sends: the connection is one transport for both directions."""
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()


async def unused_endpoint() -> Endpoint:
    """An endpoint that refuses connections: its port was just given back."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return Endpoint("127.0.0.1", port)


@contextmanager
def full_backlog() -> Iterator[Endpoint]:
    """An endpoint that neither accepts nor refuses."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        queued = [socket.socket() for _ in range(4)]
        for client in queued:
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield Endpoint("127.0.0.1", listening.getsockname()[1])
        for client in queued:
            client.close()
