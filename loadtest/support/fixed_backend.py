"""A server that gives the same 62 bytes to every request, as cheaply as Python can.

It reads only as much of HTTP as the drills send: requests without a body.
"""

from __future__ import annotations

import asyncio
from typing import cast

import uvloop

BODY = b"An answer of sixty-two bytes, the same for every one of them.\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
HEAD_END = b"\r\n\r\n"
BACKLOG = 4096


class FixedAnswer(asyncio.Protocol):
    """Answers once for each end of a head."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        *heads, self._head = (self._head + data).split(HEAD_END)
        if heads and self._transport is not None:
            self._transport.write(ANSWER * len(heads))


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(FixedAnswer, "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
