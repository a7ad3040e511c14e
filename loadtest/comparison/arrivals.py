"""A client that sends at a fixed rate, whatever became of the requests before, and tells how long answers take.

    python -m loadtest.comparison.arrivals PORT --rate 3000 --seconds 5

Requests are due in bursts, one each millisecond, on idle keep-alive connections. A time counts from when the client
got to the burst: that it wakes up late itself is not the proxy's doing. A request that finds no idle connection waits
for one, and its time runs meanwhile. It prints one JSON object; times are in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import deque
from typing import cast

import uvloop

from loadtest.comparison.answer_reader import AnswerReader
from loadtest.comparison.site import HOST
from loadtest.support.spread import spread

CONNECTIONS = 128
TICK_SECONDS = 0.001
GRACE_SECONDS = 10.0
WARM_UP_SECONDS = 0.5


class Arrivals:
    """What all connections share."""

    def __init__(self, request: bytes) -> None:
        self.milliseconds: list[float] = []
        self.wrong = 0
        self.open = 0
        self._request = request
        self._idle: deque[ArrivalConnection] = deque()
        self._waiting: deque[float] = deque()

    @property
    def outstanding(self) -> int:
        return self.open - len(self._idle) + len(self._waiting)

    def burst(self, count: int) -> None:
        now = time.perf_counter()
        for _ in range(count):
            if self._idle:
                self._idle.popleft().send(self._request, now)
            else:
                self._waiting.append(now)

    def is_idle(self, connection: ArrivalConnection) -> None:
        if self._waiting:
            connection.send(self._request, self._waiting.popleft())
        else:
            self._idle.append(connection)

    def is_gone(self, connection: ArrivalConnection) -> None:
        self.open -= 1
        if connection in self._idle:
            self._idle.remove(connection)


class ArrivalConnection(asyncio.Protocol):
    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._transport: asyncio.Transport | None = None
        self._reader = AnswerReader()
        self._due: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._arrivals.open += 1
        self._arrivals.is_idle(self)

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        right = self._reader.take(data)
        if right is None or self._due is None:
            return
        self._arrivals.milliseconds.append((time.perf_counter() - self._due) * 1000)
        self._due = None
        if right:
            self._arrivals.is_idle(self)
        else:
            self._arrivals.wrong += 1
            if self._transport is not None:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrivals.wrong += self._due is not None
        self._arrivals.is_gone(self)


async def run(port: int, *, rate: float, seconds: float) -> dict[str, float]:
    """Return ``operations``, ``seconds``, ``wrong``, ``p50`` and ``p99``."""
    arrivals = Arrivals(
        f"GET / HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: arrivals\r\nAccept: */*\r\n\r\n".encode("ascii")
    )
    loop = asyncio.get_running_loop()
    connections = [
        await loop.create_connection(lambda: ArrivalConnection(arrivals), "127.0.0.1", port) for _ in range(CONNECTIONS)
    ]
    await _send(arrivals, rate, WARM_UP_SECONDS)
    arrivals.milliseconds.clear()
    await _send(arrivals, rate, seconds)
    deadline = time.perf_counter() + GRACE_SECONDS
    while arrivals.outstanding and time.perf_counter() < deadline:  # noqa: ASYNC110 (its end is not timed)
        await asyncio.sleep(TICK_SECONDS)
    wrong = arrivals.wrong + arrivals.outstanding
    times = spread(arrivals.milliseconds)
    for transport, _ in connections:
        transport.close()
    return {
        "operations": len(arrivals.milliseconds),
        "seconds": seconds,
        "wrong": wrong,
        "p50": times.median,
        "p99": times.p99,
    }


async def _send(arrivals: Arrivals, rate: float, seconds: float) -> None:
    begin, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        due = int(passed * rate)
        arrivals.burst(due - sent)
        sent = due
        await asyncio.sleep(TICK_SECONDS)


def main() -> None:
    options = argparse.ArgumentParser(description="Send requests at a fixed rate, and time the answers.")
    options.add_argument("port", type=int)
    options.add_argument("--rate", type=float, required=True, help="requests a second")
    options.add_argument("--seconds", type=float, default=5.0, help="how long (default 5)")
    given = options.parse_args()
    print(json.dumps(uvloop.run(run(given.port, rate=given.rate, seconds=given.seconds))))


if __name__ == "__main__":
    main()
