"""The client of the drills sees every way to lose a request, and goes on sending whatever becomes of them."""

from __future__ import annotations

import asyncio
import itertools
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from loadtest.support.fixed_backend import ANSWER, BODY, HEAD_END
from loadtest.support.open_loop_client import KEPT_CONNECTIONS, Client
from loadtest.support.request_log import Loss, RequestLog

REQUESTS = 12
RATE = 200.0
PATIENCE_SECONDS = 30.0
SHORT_PATIENCE_SECONDS = 0.1

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Connections:
    """What a server saw: how many connections there were, and the heads of the requests."""

    def __init__(self, serve: Serve) -> None:
        self.count = 0
        self.heads: list[bytes] = []
        self._serve = serve

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        try:
            while True:
                self.heads.append(await reader.readuntil(HEAD_END))
                await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(ANSWER)


async def answer_and_close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(ANSWER.replace(HEAD_END, b"\r\nConnection: close" + HEAD_END, 1))
    raise ConnectionError


async def answer_with_an_error(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(ANSWER.replace(b"200 OK", b"503 Unavailable"))


async def answer_something_else(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(ANSWER.replace(BODY, BODY.upper()))


async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raise ConnectionError


async def close_within_the_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(ANSWER[:-1])
    raise ConnectionError


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionError


async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The next request never comes, so the client's patience ends first."""


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[tuple[int, Connections]]:
    connections = Connections(serve)
    server = await asyncio.start_server(connections.take, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], connections


async def send(
    port: int,
    *,
    connections: str = "mixed",
    requests: int = REQUESTS,
    patience_seconds: float = PATIENCE_SECONDS,
) -> RequestLog:
    """Run the client until it has sent that many."""
    client = Client(
        port, hosts=("a.test", "b.test"), rate=RATE, connections=connections, patience_seconds=patience_seconds
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(client.run(stop))
        while client.sent < requests:
            await asyncio.sleep(1 / RATE)
        stop.set()
    return running.result()


@pytest.mark.parametrize(
    ("serve", "loss"),
    [
        (answer, None),
        (answer_and_close, None),
        (answer_with_an_error, Loss.STATUS),
        (answer_something_else, Loss.BODY),
        (close, Loss.CLOSED),
        (close_within_the_body, Loss.SHORT),
        (reset, Loss.RESET),
    ],
)
async def test_each_way_to_lose_a_request_is_told_apart(serve: Serve, loss: Loss | None) -> None:
    async with serving(serve) as (port, _):
        log = await send(port)

    assert {record.loss for record in log.records} == {loss}
    assert {record.kept for record in log.records} == {True, False}


async def test_no_answer_in_time_is_a_loss() -> None:
    async with serving(say_nothing) as (port, _):
        log = await send(port, patience_seconds=SHORT_PATIENCE_SECONDS)

    assert {record.loss for record in log.records} == {Loss.TIMEOUT}
    assert min(record.seconds for record in log.records) >= SHORT_PATIENCE_SECONDS


async def test_nobody_listening_is_a_loss_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    log = await send(port)

    assert {record.loss for record in log.records} == {Loss.REFUSED}


async def test_requests_are_due_at_fixed_times_whatever_became_of_the_ones_before() -> None:
    async with serving(say_nothing) as (port, _):
        log = await send(port, patience_seconds=SHORT_PATIENCE_SECONDS)

    times = sorted(record.at for record in log.records)
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == pytest.approx(
        [1 / RATE] * (len(times) - 1)
    )


async def test_all_requests_in_flight_are_waited_for() -> None:
    async def answer_slowly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(10 / RATE)
        writer.write(ANSWER)

    async with serving(answer_slowly) as (port, connections):
        log = await send(port)

    assert len(log.records) == len(connections.heads)
    assert {record.loss for record in log.records} == {None}


async def test_a_new_connection_serves_one_request_and_a_kept_one_many() -> None:
    async with serving(answer) as (port, connections):
        new = await send(port, connections="new")
        after_new = connections.count
        kept = await send(port, connections="kept", requests=3 * KEPT_CONNECTIONS)

    assert after_new == len(new.records)
    assert connections.count - after_new <= KEPT_CONNECTIONS < len(kept.records)


async def test_hosts_are_asked_in_turn() -> None:
    async with serving(answer) as (port, connections):
        await send(port, connections="new")

    hosts = Counter(head.partition(b"Host: ")[2].partition(b"\r\n")[0] for head in connections.heads)
    assert set(hosts) == {b"a.test", b"b.test"}
    assert abs(hosts[b"a.test"] - hosts[b"b.test"]) <= 1
