"""The event loops that the package has to work on, and waiting on them, for the tests of this folder."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import uvloop

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class Run(Protocol):
    def __call__(self, main: Coroutine[Any, Any, None]) -> None: ...


def runner(name: str) -> Run:
    def run(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=LOOPS[name]) as runner:
            runner.run(main)

    return run


async def until(condition: Callable[[], bool]) -> None:
    """Fails the test with ``TimeoutError`` rather than hang."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


async def connect(address: tuple[str, int]) -> socket.socket:
    client = socket.socket()
    client.setblocking(False)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        await asyncio.get_running_loop().sock_connect(client, address)
    except OSError:
        client.close()
        raise
    return client


async def receive_to_end(client: socket.socket) -> bytes:
    """What arrives until the other side closes or resets."""
    received = bytearray()
    async with asyncio.timeout(10):
        try:
            while data := await asyncio.get_running_loop().sock_recv(client, 4096):
                received += data
        except ConnectionResetError:
            pass
    return bytes(received)
