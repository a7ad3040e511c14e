"""A client that keeps a number of connections busy: each sends its next request when the answer has come.

    python -m loadtest.support.closed_loop PORT --headers 3 --seconds 5 [--connections 64] [--core N]

It prints one JSON object: requests, seconds, and how many answers were not the backend's. It looks only for the
backend's own body, byte by byte the same, so that it stays cheaper than what it measures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from typing import cast

import uvloop

from loadtest.support.fixed_backend import BODY
from loadtest.support.manifests import host

CONNECTIONS = 64
GRACE_SECONDS = 10.0
_OK = b"HTTP/1.1 200 "
_HEAD_END = b"\r\n\r\n"

_FEW = (
    ("User-Agent", "closed-loop"),
    ("Accept", "*/*"),
)
_BROWSER = (
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-GB,en;q=0.7,de;q=0.3"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "http://app-0.localhost/catalogue"),
    ("Cookie", "session=6f1d2c3b4a59687701f2e3d4c5b6a798; theme=dark"),
    ("Upgrade-Insecure-Requests", "1"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Priority", "u=0, i"),
)
HEADERS = {1 + len(fields): fields for fields in (_FEW, _BROWSER)}
"""The header fields beside Host, by how many there are with it."""


class Load:
    """What all connections share."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.running = True
        self.answers = 0
        self.wrong = 0
        self.open = 0
        self.all_closed = asyncio.Event()

    def closed(self) -> None:
        self.open -= 1
        if not self.open:
            self.all_closed.set()


class LoopingClient(asyncio.Protocol):
    """One connection, with one request at a time on it."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._load.open += 1

    def send(self) -> None:
        if self._transport is not None:
            self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        answer = self._answer + data if self._answer else data
        _, end, body = answer.partition(_HEAD_END)
        if not end or (len(body) < len(BODY) and BODY.startswith(body)):
            self._answer = answer
            return
        self._answer = b""
        load = self._load
        load.answers += 1
        if body != BODY or not answer.startswith(_OK):
            load.wrong += 1
            self.close()
        elif load.running:
            self.send()
        else:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._load.running:
            self._load.wrong += 1
        self._load.closed()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def run(port: int, *, headers: int, seconds: float, connections: int) -> dict[str, float]:
    """Return ``requests``, ``seconds`` and ``wrong``: answers that differ, and connections that ended early."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in HEADERS[headers])
    load = Load(f"GET / HTTP/1.1\r\nHost: {host(0)}\r\n{fields}\r\n".encode("ascii"))
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: LoopingClient(load), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    begin = time.perf_counter()
    for client in clients:
        client.send()
    await asyncio.sleep(seconds)
    load.running = False
    taken, answers = time.perf_counter() - begin, load.answers
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await load.all_closed.wait()
    except TimeoutError:
        load.wrong += load.open
    return {"requests": answers, "seconds": taken, "wrong": load.wrong}


def main() -> None:
    options = argparse.ArgumentParser(description="Keep connections busy, and count the answers.")
    options.add_argument("port", type=int)
    options.add_argument("--headers", type=int, choices=HEADERS, required=True, help="header fields, Host included")
    options.add_argument("--seconds", type=float, default=5.0, help="how long (default 5)")
    options.add_argument("--connections", type=int, default=CONNECTIONS, help=f"how many (default {CONNECTIONS})")
    options.add_argument("--core", type=int, help="run on this core only")
    given = options.parse_args()
    if given.core is not None:
        os.sched_setaffinity(0, {given.core})
    work = run(given.port, headers=given.headers, seconds=given.seconds, connections=given.connections)
    print(json.dumps(uvloop.run(work)))


if __name__ == "__main__":
    main()
