"""Upgrades: bytes pass both ways unchanged once the endpoint has agreed, and not one byte earlier."""

from __future__ import annotations

import asyncio
import random

import pytest

from ingressd.routing.upstream import Unavailable
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import read_message, recording_upstream

pytestmark = pytest.mark.usefixtures("each_lane")


def upgrade(protocol: bytes, method: bytes = b"GET") -> bytes:
    return b"%b / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % (method, protocol)


def switching(protocol: bytes, early: bytes = b"") -> bytes:
    return b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n%b" % (protocol, early)


@pytest.mark.parametrize(
    ("protocol", "method"), [(b"websocket", b"GET"), (b"SPDY/3.1", b"POST"), (b"anything/1", b"GET")]
)
async def test_every_byte_passes_both_ways(protocol: bytes, method: bytes) -> None:
    payload = random.Random(7).randbytes(3 * 2**20)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(switching(protocol, early=b"early"))
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(upgrade(protocol, method) + b"held")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert b"Upgrade: " + protocol in head
        assert await reader.readexactly(9) == b"earlyheld"

        async def send() -> None:
            writer.write(payload)
            await writer.drain()
            writer.write_eof()

        async with asyncio.TaskGroup() as group:
            group.create_task(send())
            echoed = group.create_task(reader.read())
        assert echoed.result() == payload
        writer.close()
        while not proxy.records:
            await asyncio.sleep(0.01)
        assert proxy.records[0].upgraded
        assert proxy.records[0].bytes_received == len(payload) + 4
        assert b"Connection: Upgrade\r\nUpgrade: " + protocol in upstream.received


async def test_nothing_behind_an_upgrade_is_sent_before_the_endpoint_agrees() -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await asyncio.sleep(0.05)
        writer.write(refused)
        await reader.read()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        answer = parse_answer(await proxy.send(upgrade(b"websocket") + smuggled, half_close=False))
        assert answer.status == 403
        assert answer.fields["connection"] == "close"
        assert b"smuggled" not in upstream.received


async def test_a_switch_to_another_protocol_is_502() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(switching(b"h2c"))
        await reader.read()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(upgrade(b"websocket"), half_close=False)).status == 502


@pytest.mark.parametrize("request_bytes", [upgrade(b"h2c"), upgrade(b"websocket", b"POST")], ids=["h2c", "POST"])
async def test_upgrades_that_are_not_served_become_plain_requests(request_bytes: bytes) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(request_bytes)).status == 200
        assert b"upgrade" not in upstream.received.lower()


async def test_the_end_of_either_side_ends_the_tunnel() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(switching(b"websocket") + b"bye")

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(upgrade(b"websocket"), half_close=False)
        assert data.endswith(b"\r\n\r\nbye")


async def test_an_upgrade_that_is_answered_here_closes_the_connection() -> None:
    async with serving(table_for([], unavailable=Unavailable.NO_ENDPOINTS)) as proxy:
        answer = parse_answer(await proxy.send(upgrade(b"websocket") + b"GET /", half_close=False))
        assert (answer.status, answer.fields["connection"]) == (503, "close")
        asterisk = upgrade(b"websocket", b"OPTIONS").replace(b" / ", b" * ").replace(b"websocket", b"other/1")
        answer = parse_answer(await proxy.send(asterisk, half_close=False))
        assert (answer.status, answer.fields["connection"]) == (204, "close")


async def test_a_tunnel_that_ended_leaves_nothing_behind() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(switching(b"websocket"))
        await reader.read()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        for _ in range(5):
            await proxy.send(upgrade(b"websocket"))
        while proxy.proxy.in_flight or proxy.proxy.open_connections:
            await asyncio.sleep(0.01)
        assert len(proxy.proxy.watchdog) == 0
        assert repr(proxy.proxy._pool).startswith("<Pool 0 open")


async def test_the_last_bytes_of_the_client_arrive_when_the_endpoint_has_ended_first() -> None:
    payload = random.Random(1).randbytes(4 * 2**20)
    arrived = asyncio.get_running_loop().create_future()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(switching(b"websocket"))
        writer.write_eof()
        received = b""
        while data := await reader.read(65536):
            received += data
            await asyncio.sleep(0.002)
        arrived.set_result(received)

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(upgrade(b"websocket"))
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""
        writer.write(payload)
        writer.write_eof()
        async with asyncio.timeout(20):
            assert await arrived == payload
        writer.close()
