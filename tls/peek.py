"""Looking at what a new client says without taking it out of its socket."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from typing import Final

from tls.client_hello import ClientHello, Incomplete, NotTls, parse_client_hello

_FIRST_PEEK_BYTES: Final = 4096
_SHORTEST_PAUSE_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 0.25


async def peek_client_hello(sock: socket.socket) -> ClientHello | NotTls | None:
    """Waits for the first message of a non-blocking socket; ``None`` if the client leaves before its end.

    The caller sets the deadline, by cancelling. Whatever happens, the bytes stay in the socket.

    Bytes that stay unread keep a socket readable, so waiting for more of them must not be a loop. The
    kernel is asked to report the socket only when enough bytes are there to decide (SO_RCVLOWAT). It
    reports earlier when its buffer is short, or when it does not know the option: then a pause, twice as
    long each time, bounds the work. As ``Incomplete.needed`` grows by what the client has still to send,
    no way of cutting the message takes more than a few dozen looks.
    """
    loop = asyncio.get_running_loop()
    needed = 1
    pause = _SHORTEST_PAUSE_SECONDS
    try:
        while True:
            await _readable(loop, sock)
            try:
                data = sock.recv(max(needed, _FIRST_PEEK_BYTES), socket.MSG_PEEK)
            except BlockingIOError:
                continue
            if not data:
                return None
            match parse_client_hello(data):
                case Incomplete(needed=more):
                    if _closed_by_peer(sock):
                        return None
                    if len(data) < needed:
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                    needed = more
                    _wake_at(sock, needed)
                case decision:
                    return decision
    finally:
        # TLS reads what is there: it must hear of every single byte again.
        _wake_at(sock, 1)


async def _readable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    woken: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        loop.remove_reader(sock)
        if not woken.done():
            woken.set_result(None)

    loop.add_reader(sock, wake)
    try:
        await woken
    finally:
        loop.remove_reader(sock)


def _wake_at(sock: socket.socket, count: int) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)


def _closed_by_peer(sock: socket.socket) -> bool:
    """Whether the client has ended its side. Peeking cannot tell: it returns the old bytes again."""
    hang_up = getattr(select, "POLLRDHUP", 0)
    if not hang_up:
        return False
    poll = select.poll()
    poll.register(sock, hang_up)
    return bool(poll.poll(0))
