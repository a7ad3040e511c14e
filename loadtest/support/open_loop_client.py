"""A client that sends its requests at fixed times, whatever became of the ones before.

    python -m loadtest.support.open_loop_client PORT [--rate 200] [--host NAME]... [--tls]

It prints a line when it begins, sends until its standard input ends, waits for the last answers, and prints a
``RequestLog`` as JSON. A time counts from when the request was due: a proxy that stands still for a second makes two
hundred requests slow, not one. Timers of the event loop count in whole milliseconds, so every time may be wrong by one.

Every request asks for what ``loadtest.support.pod`` answers to all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import re
import ssl
import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import cast

import msgspec
import uvloop

from ingressd.tasks import OwnedTasks
from loadtest.support.fixed_backend import BODY
from loadtest.support.manifests import host
from loadtest.support.request_log import Loss, RequestLog, RequestRecord

RATE = 200.0
PATIENCE_SECONDS = 5.0
KEPT_CONNECTIONS = 20
"""In turn, so that each is idle for a while before its next request."""
BEGUN = "begun"
CONNECTIONS = ("mixed", "new", "kept")
_HEAD_END = b"\r\n\r\n"
_STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close[ \t]*\r\n", re.IGNORECASE)


class Client:
    """Sends, and keeps the records and the idle connections."""

    def __init__(
        self,
        port: int,
        *,
        hosts: Sequence[str],
        rate: float = RATE,
        connections: str = CONNECTIONS[0],
        tls: bool = False,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.patience_seconds = patience_seconds
        self.sent = 0
        self._port = port
        self._interval = 1 / rate
        self._connections = connections
        self._tls = _trusting_everybody() if tls else None
        self._requests = {
            kept: [_request(each, "" if kept else "Connection: close\r\n") for each in hosts] for kept in (True, False)
        }
        self._server_name = hosts[0]
        self._records: list[RequestRecord] = []
        self._idle: deque[ClientConnection] = deque()
        self._kept = 0
        self._open = 0
        self._stopped = False
        self._all_over = asyncio.Event()
        self._connecting = OwnedTasks()

    async def run(self, stop: asyncio.Event) -> RequestLog:
        """Send until ``stop`` is set, and return what became of each request."""
        begin = time.monotonic() + self._interval
        for number in itertools.count():
            due = begin + number * self._interval
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if stop.is_set():
                break
            self._send(number, due)
        self._stopped = True
        if self._open:
            await self._all_over.wait()
        for connection in tuple(self._idle):
            connection.close()
        await self._connecting.close()
        return RequestLog(tuple(self._records), time.process_time())

    def _send(self, number: int, due: float) -> None:
        if self._connections == "mixed":
            kept, which = number % 2 == 1, number // 2
        else:
            kept, which = self._connections == "kept", number
        requests = self._requests[kept]
        exchange = ClientExchange(self, requests[which % len(requests)], due, kept=kept)
        self.sent += 1
        self._open += 1
        idle = self._take_idle() if kept and self._kept >= KEPT_CONNECTIONS else None
        if idle is not None:
            idle.send(exchange)
        else:
            self._connecting.start(self._connect(exchange), "connect")

    def _take_idle(self) -> ClientConnection | None:
        """Return a connection that, as far as anybody here can know, is still open."""
        while self._idle:
            connection = self._idle.popleft()
            if connection.open:
                return connection
        return None

    async def _connect(self, exchange: ClientExchange) -> None:
        try:
            async with asyncio.timeout(self.patience_seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: ClientConnection(self, kept=exchange.kept),
                    "127.0.0.1",
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._server_name if self._tls else None,
                )
        except TimeoutError:
            exchange.lose(Loss.TIMEOUT)
        except ConnectionRefusedError:
            exchange.lose(Loss.REFUSED)
        except OSError:
            exchange.lose(Loss.RESET)
        else:
            connection.send(exchange)

    def finished(self, record: RequestRecord) -> None:
        self._records.append(record)
        self._open -= 1
        if self._stopped and not self._open:
            self._all_over.set()

    def is_idle(self, connection: ClientConnection) -> bool:
        """Take back a connection; False when there are enough. The one that was idle longest is used next."""
        if self._kept > KEPT_CONNECTIONS:
            return False
        self._idle.append(connection)
        return True

    def is_made(self, connection: ClientConnection) -> None:
        self._kept += connection.kept

    def is_gone(self, connection: ClientConnection) -> None:
        self._kept -= connection.kept
        if connection in self._idle:
            self._idle.remove(connection)


class ClientExchange:
    """One request, until it has an answer or is lost."""

    def __init__(self, client: Client, request: bytes, due: float, *, kept: bool) -> None:
        self.request = request
        self.kept = kept
        self._client = client
        self._due = due
        self._over = False

    def answered(self, status: int, body: bytes) -> None:
        if status != 200:
            self._end(Loss.STATUS, status)
        else:
            self._end(None if body == BODY else Loss.BODY, status)

    def lose(self, loss: Loss) -> None:
        self._end(loss, 0)

    def _end(self, loss: Loss | None, status: int) -> None:
        if not self._over:
            self._over = True
            # Not the loop's time: uvloop's is in whole milliseconds.
            seconds = time.monotonic() - self._due
            self._client.finished(RequestRecord(self._due, seconds, self.kept, loss, status))


class ClientConnection(asyncio.Protocol):
    """One connection, with at most one request at a time on it."""

    def __init__(self, client: Client, *, kept: bool) -> None:
        self.kept = kept
        self._client = client
        self._transport: asyncio.Transport | None = None
        self._exchange: ClientExchange | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._client.is_made(self)

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, exchange: ClientExchange) -> None:
        self._exchange = exchange
        self._patience = asyncio.get_running_loop().call_later(self._client.patience_seconds, self._lose, Loss.TIMEOUT)
        if self._transport is None or self._transport.is_closing():
            self._lose(Loss.CLOSED)
        else:
            self._transport.write(exchange.request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        if not end:
            return
        head += b"\r\n"
        status, length = _STATUS_LINE.match(head), _LENGTH.search(head)
        if self._exchange is None or status is None or length is None:
            self._lose(Loss.BODY)
        elif len(body) >= int(length[1]):
            exchange = self._done()
            if not exchange.kept or _CLOSE.search(head) or not self._client.is_idle(self):
                self.close()
            exchange.answered(int(status[1]), body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.is_gone(self)
        if exc is not None:
            self._lose(Loss.RESET)
        else:
            self._lose(Loss.SHORT if self._received else Loss.CLOSED)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _lose(self, loss: Loss) -> None:
        if self._exchange is not None:
            self._done().lose(loss)
        self.close()

    def _done(self) -> ClientExchange:
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            raise RuntimeError("there is no request on this connection")
        if self._patience is not None:
            self._patience.cancel()
        self._received = b""
        return exchange


def _trusting_everybody() -> ssl.SSLContext:
    """A context for a proxy without certificates, which shows one of its own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _request(name: str, fields: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: open-loop\r\nAccept: */*\r\n{fields}\r\n".encode("ascii")


async def follow_standard_input(client: Client) -> RequestLog:
    stop = asyncio.Event()

    class Leash(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    transport, _ = await asyncio.get_running_loop().connect_read_pipe(Leash, sys.stdin)
    print(BEGUN, flush=True)
    try:
        return await client.run(stop)
    finally:
        transport.close()


def main() -> None:
    options = argparse.ArgumentParser(description="Send requests at fixed times, and record what became of each.")
    options.add_argument("port", type=int)
    options.add_argument("--rate", type=float, default=RATE, help=f"requests a second (default {RATE:g})")
    options.add_argument("--host", action="append", help=f"ask for this host; several in turn (default {host(0)})")
    options.add_argument("--connections", choices=CONNECTIONS, default=CONNECTIONS[0], help="default: half and half")
    options.add_argument("--tls", action="store_true", help="use HTTPS, and accept any certificate")
    given = options.parse_args()
    client = Client(
        given.port, rate=given.rate, hosts=given.host or [host(0)], connections=given.connections, tls=given.tls
    )
    log = uvloop.run(follow_standard_input(client))
    # Not sys.stdout.buffer: with PYTHONUNBUFFERED it may write a part, and say so.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(msgspec.json.encode(log))


if __name__ == "__main__":
    main()
