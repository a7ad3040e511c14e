"""The backend that reads: uploads are taken and counted, upgraded connections echo, GET answers the head it got.

    python -m loadtest.comparison.bodies_backend [--core N]

An upload's answer comes after its last byte. Framing is Content-Length only, which is what the clients here send.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import os
import re
from typing import cast

import uvloop

from loadtest.comparison.site import BACKLOG

BUFFER_BYTES = 256 * 1024
HEAD_END = b"\r\n\r\n"
_WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\nsec-websocket-key:[ \t]*([^\r\n]+)", re.IGNORECASE)
_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)
_LENGTH_REQUIRED = b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class ReadingBackend(asyncio.BufferedProtocol):
    """One connection. ``buffer`` is shared: what is in it is used up before the next one reads."""

    def __init__(self, buffer: memoryview) -> None:
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._length = 0
        self._missing = 0
        self._tunnel = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._missing > nbytes:
            self._missing -= nbytes
            return
        data = bytes(self._buffer[:nbytes])
        if self._tunnel:
            self._write(data)
            return
        if self._missing:
            data = self._finish(data)
        while data:
            data = self._take(data)

    def _take(self, data: bytes) -> bytes:
        """Read a head and what came of its body; return what belongs to the next request."""
        head, end, rest = (self._head + data).partition(HEAD_END)
        if not end:
            self._head = head
            return b""
        self._head = b""
        key, length = _KEY.search(head), _LENGTH.search(head)
        if key is not None:
            self._tunnel = True
            digest = hashlib.sha1(key[1].strip() + _WEBSOCKET_GUID, usedforsecurity=False).digest()
            self._write(_SWITCHING % base64.b64encode(digest))
            return b""
        if head.startswith(b"GET "):
            self._write(answer(head))
            return rest
        if length is None:
            self._write(_LENGTH_REQUIRED)
            return b""
        self._length = self._missing = int(length[1])
        if len(rest) < self._missing:
            self._missing -= len(rest)
            return b""
        return self._finish(rest)

    def _finish(self, data: bytes) -> bytes:
        rest = data[self._missing :]
        self._missing = 0
        self._write(answer(b"%d bytes\n" % self._length))
        return rest

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve() -> None:
    buffer = memoryview(bytearray(BUFFER_BYTES))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ReadingBackend(buffer), "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    options = argparse.ArgumentParser(description="Read bodies, echo upgraded connections.")
    options.add_argument("--core", type=int, help="run on this core only")
    given = options.parse_args()
    if given.core is not None:
        os.sched_setaffinity(0, {given.core})
    uvloop.run(serve())


if __name__ == "__main__":
    main()
