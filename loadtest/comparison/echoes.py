"""A client that sends WebSocket messages and waits for each to come back.

    python -m loadtest.comparison.echoes PORT --seconds 3

64 connections with one message of 64 bytes at a time. The backend sends every byte back as it came, so an echo is the
masked frame itself: a tunnel does not look into it, and this client need not either. It prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import cast

import uvloop

from loadtest.comparison.site import BODIES_PATH, HOST

CONNECTIONS = 64
HEAD_END = b"\r\n\r\n"
_UPGRADE = (
    f"GET {BODIES_PATH}/echo HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode("ascii")
# RFC 6455, section 5.2: a final text frame, masked with four zeros, of 64 bytes.
FRAME = b"\x81\xc0\x00\x00\x00\x00" + b"m" * 64


class Echoes:
    """What all connections share. ``wrong`` counts refused upgrades, bytes that differ, and early ends."""

    def __init__(self) -> None:
        self.running = True
        self.operations = 0
        self.wrong = 0


class EchoClient(asyncio.Protocol):
    def __init__(self, echoes: Echoes) -> None:
        self._echoes = echoes
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self.upgraded = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_UPGRADE)

    def send(self) -> None:
        if self._transport is not None:
            self._transport.write(FRAME)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self.upgraded.is_set():
            head, end, self._received = self._received.partition(HEAD_END)
            if not end:
                self._received = head
            elif head.startswith(b"HTTP/1.1 101 "):
                self.upgraded.set()
            else:
                self._fail()
        elif len(self._received) >= len(FRAME):
            if self._received != FRAME:
                self._fail()
                return
            self._received = b""
            self._echoes.operations += 1
            if self._echoes.running:
                self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._echoes.wrong += self._echoes.running
        self.upgraded.set()

    def _fail(self) -> None:
        self._echoes.wrong += 1
        if self._transport is not None:
            self._transport.close()


async def run(port: int, *, seconds: float) -> dict[str, float]:
    """Return ``operations``, ``seconds`` and ``wrong``."""
    echoes = Echoes()
    loop = asyncio.get_running_loop()
    connections = [
        await loop.create_connection(lambda: EchoClient(echoes), "127.0.0.1", port) for _ in range(CONNECTIONS)
    ]
    for _, client in connections:
        await client.upgraded.wait()
    begin = time.perf_counter()
    for _, client in connections:
        client.send()
    await asyncio.sleep(seconds)
    echoes.running = False
    found = {"operations": echoes.operations, "seconds": time.perf_counter() - begin, "wrong": echoes.wrong}
    for transport, _ in connections:
        transport.abort()
    return found


def main() -> None:
    options = argparse.ArgumentParser(description="Send WebSocket messages, and wait for their echoes.")
    options.add_argument("port", type=int)
    options.add_argument("--seconds", type=float, default=3.0, help="how long (default 3)")
    given = options.parse_args()
    print(json.dumps(uvloop.run(run(given.port, seconds=given.seconds))))


if __name__ == "__main__":
    main()
