"""The answer to a client that speaks HTTP where TLS is expected."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from typing import Final

_METHOD: Final = re.compile(rb"[A-Z]{1,16}(?: |\Z)")
_BODY: Final = b"this port speaks HTTPS\n"
_ANSWER: Final = b"".join(
    (
        b"HTTP/1.1 400 Bad Request\r\n",
        b"Content-Type: text/plain; charset=utf-8\r\n",
        b"Content-Length: %d\r\n" % len(_BODY),
        b"Connection: close\r\n\r\n",
        _BODY,
    )
)
_LINGER_SECONDS: Final = 1.0
_LINGER_BYTES: Final = 64 * 1024


def looks_like_http(start: bytes) -> bool:
    """Whether the first bytes of a connection are a request line, or the beginning of one."""
    return _METHOD.match(start) is not None


async def refuse_http(sock: socket.socket) -> None:
    """Answers 400 and closes the writing side, then reads what the client had still under way.

    Closing a socket with unread bytes resets it, and a reset makes the client drop the answer unread.
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            await loop.sock_sendall(sock, _ANSWER)
            sock.shutdown(socket.SHUT_WR)
            left = _LINGER_BYTES
            while left > 0 and (data := await loop.sock_recv(sock, 4096)):
                left -= len(data)
