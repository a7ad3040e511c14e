"""A pod behind the proxy: an answer after a moment, a slow one, or a stream, and an end as a pod's.

    python -m loadtest.support.pod [--milliseconds 5] [--bind 127.0.0.1] [--port 0]

``GET /slow/SECONDS`` answers after so long, ``GET /stream/SECONDS`` sends its body over so long, everything else is
answered after ``--milliseconds``. All bodies are the fixed backend's, and ``X-Pod`` is the port. On SIGTERM nothing
new is accepted from that moment on, what is in flight is finished, and the process ends. It reads only as much of HTTP
as the drills send: requests without a body, one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from typing import cast

import uvloop

from loadtest.support.fixed_backend import BACKLOG, BODY, HEAD_END

ANSWER_MILLISECONDS = 5.0
STREAM_PIECES = 10
"""How many pieces of the body a stream has, at equal distances."""


class Pod:
    """What all connections share."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.port = 0
        self.ending = False
        self.connections: set[PodConnection] = set()
        self.all_closed = asyncio.Event()

    def end(self) -> None:
        self.ending = True
        for connection in tuple(self.connections):
            connection.end()
        self.closed()

    def closed(self) -> None:
        if self.ending and not self.connections:
            self.all_closed.set()


class PodConnection(asyncio.Protocol):
    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._pod.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if not self._head.endswith(HEAD_END):
            return
        path = self._head.split(b" ", 2)[1].decode("ascii")
        self._head = b""
        self._busy = True
        _, kind, *seconds = path.split("/")
        loop = asyncio.get_running_loop()
        if kind == "stream":
            pause = float(seconds[0]) / STREAM_PIECES
            self._write(self._answer_head(f"Transfer-Encoding: chunked\r\nX-Pod: {self._pod.port}"))
            loop.call_later(pause, self._stream, pause, 0)
        else:
            loop.call_later(float(seconds[0]) if kind == "slow" else self._pod.seconds, self._answer)

    def end(self) -> None:
        if not self._busy and self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._pod.connections.discard(self)
        self._pod.closed()

    def _answer(self) -> None:
        self._write(self._answer_head(f"Content-Length: {len(BODY)}\r\nX-Pod: {self._pod.port}") + BODY)
        self._finish()

    def _stream(self, pause: float, number: int) -> None:
        size = -(-len(BODY) // STREAM_PIECES)
        piece = BODY[number * size : (number + 1) * size]
        self._write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if number + 1 < STREAM_PIECES:
            asyncio.get_running_loop().call_later(pause, self._stream, pause, number + 1)
        else:
            self._write(b"0\r\n\r\n")
            self._finish()

    def _answer_head(self, fields: str) -> bytes:
        closing = "\r\nConnection: close" if self._pod.ending else ""
        return f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{fields}{closing}\r\n\r\n".encode("ascii")

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _finish(self) -> None:
        self._busy = False
        if self._pod.ending:
            self.end()


async def serve(bind: str, port: int, seconds: float) -> None:
    pod = Pod(seconds)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: PodConnection(pod), bind, port, backlog=BACKLOG)
    pod.port = server.sockets[0].getsockname()[1]

    def end() -> None:
        server.close()
        pod.end()

    loop.add_signal_handler(signal.SIGTERM, end)
    print(pod.port, flush=True)
    await pod.all_closed.wait()


def main() -> None:
    options = argparse.ArgumentParser(description="Answer as a pod does, and end as one.")
    options.add_argument("--milliseconds", type=float, default=ANSWER_MILLISECONDS, help="until an answer (default 5)")
    options.add_argument("--bind", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    options.add_argument("--port", type=int, default=0, help="port to listen on (default: any)")
    given = options.parse_args()
    uvloop.run(serve(given.bind, given.port, given.milliseconds / 1000))


if __name__ == "__main__":
    main()
