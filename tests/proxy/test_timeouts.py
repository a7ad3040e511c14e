"""Every timeout ends what it is about, in both lanes, and each is a setting of its own.

In each test the timeout under test is short and every other one is far longer than the test may take.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from ingressd.policies.timeouts import Timeouts
from ingressd.proxy.exchange_timeouts import ExchangeTimeouts
from ingressd.settings import ProxySettings
from tests.support.proxying import ServingProxy, parse_answer, serving, table_for
from tests.support.upstream import (
    RecordingUpstream,
    Script,
    answering,
    full_backlog,
    read_message,
    recording_upstream,
    stop_reading,
)

PATIENCE_SECONDS = 20.0
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UPLOAD = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"

each_lane = pytest.mark.usefixtures("each_lane")


@contextlib.asynccontextmanager
async def short(
    name: str, script: Script | None = None, *, route: Timeouts | None = None
) -> AsyncIterator[tuple[ServingProxy, RecordingUpstream]]:
    """Serve with one timeout of 0.2 s, or with those of ``route``, and with the others out of reach."""
    settings = msgspec.structs.replace(
        ProxySettings(),
        **dict.fromkeys((each for each in ProxySettings.__struct_fields__ if each.endswith("_seconds")), 600.0),
    )
    if name:
        settings = msgspec.structs.replace(settings, **{name: 0.2})
    async with (
        recording_upstream(script) as upstream,
        serving(table_for([upstream.endpoint], timeouts=route), settings) as proxy,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        yield proxy, upstream


async def recorded(proxy: ServingProxy) -> tuple[int, str]:
    while not proxy.records:
        await asyncio.sleep(0.01)
    return proxy.records[0].status, proxy.records[0].reason


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    stop_reading(writer)
    await asyncio.Event().wait()


async def dripping_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_message(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.05)


async def pausing_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_message(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    await reader.read()


async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_message(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def switching(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(SWITCHING)
    await reader.read()


@each_lane
@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
async def test_header_read(drips: bool) -> None:
    async with short("header_read_seconds") as (proxy, upstream):
        reader, writer = await proxy.connect()
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        while drips and not proxy.records:
            writer.write(b"x")
            await asyncio.sleep(0.05)
        assert parse_answer(await reader.readuntil(b"</html>")).status == 408
        assert upstream.received == b""
        assert await recorded(proxy) == (408, "request_timeout")
        writer.close()


@each_lane
@pytest.mark.parametrize("begun", [b"", b"some"], ids=["no byte", "some bytes"])
async def test_body_idle(begun: bytes) -> None:
    async with short("body_idle_seconds", silent) as (proxy, upstream):
        reader, writer = await proxy.connect()
        writer.write(UPLOAD + begun)
        assert parse_answer(await reader.readuntil(b"</html>")).status == 408
        assert bool(upstream.connections) == bool(begun), "who only promises a body holds no endpoint"
        assert await recorded(proxy) == (408, "request_timeout")
        writer.close()


@each_lane
@pytest.mark.parametrize("begun", [b"5", b"5\r\n"], ids=["half a line", "a line"])
async def test_body_idle_behind_the_size_of_a_chunk(begun: bytes) -> None:
    """No byte of the body has come, so the request has not reached an endpoint, and must not wait for ever."""
    chunked = UPLOAD.replace(b"Content-Length: 1000000000", b"Transfer-Encoding: chunked")
    async with short("body_idle_seconds", silent) as (proxy, upstream):
        reader, writer = await proxy.connect()
        writer.write(chunked + begun)
        assert parse_answer(await reader.readuntil(b"</html>")).status == 408
        assert not upstream.connections
        writer.close()


@each_lane
@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
async def test_keep_alive(used: bool) -> None:
    async with short("keep_alive_seconds") as (proxy, _):
        reader, writer = await proxy.connect()
        if used:
            writer.write(GET)
            await reader.readuntil(b"ok")
        assert await reader.read() == b""
        writer.close()


@each_lane
@pytest.mark.parametrize("refused", [b"BAD\r\n\r\n", UPLOAD + b"x"], ids=["no request", "early answer"])
async def test_lingering(refused: bytes) -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with short("lingering_seconds", impatient) as (proxy, _):
        reader, writer = await proxy.connect()
        writer.write(refused)
        await reader.read()
        while proxy.proxy._connections:
            await asyncio.sleep(0.01)
        writer.close()


@each_lane
async def test_connect() -> None:
    with full_backlog() as endpoint:
        async with serving(table_for([endpoint]), ProxySettings(connect_seconds=0.2)) as proxy:
            assert parse_answer(await proxy.send(GET)).status == 504
            assert await recorded(proxy) == (504, "upstream_connect_timeout")


@each_lane
@pytest.mark.parametrize("script", [silent, dripping_head])
async def test_response_head(script: Script) -> None:
    async with short("response_head_seconds", script) as (proxy, _):
        assert parse_answer(await proxy.send(GET)).status == 504
        assert await recorded(proxy) == (504, "upstream_timeout")


@each_lane
async def test_answer_idle() -> None:
    async with short("answer_idle_seconds", pausing_body) as (proxy, _):
        assert (await proxy.send(GET, half_close=False)).endswith(b"hello")
        assert await recorded(proxy) == (200, "upstream_timeout")


@each_lane
async def test_send_idle_of_an_endpoint() -> None:
    async with short("send_idle_seconds", deaf) as (proxy, _):
        _, writer = await proxy.connect()

        async def upload() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(b"x" * 65536)
                    await writer.drain()

        writer.write(UPLOAD)
        async with asyncio.TaskGroup() as group:
            uploading = group.create_task(upload())
            assert (await recorded(proxy)) == (504, "upstream_timeout")
            uploading.cancel()
        writer.transport.abort()


@each_lane
async def test_send_idle_of_a_client() -> None:
    async with short("send_idle_seconds", flooding) as (proxy, upstream):
        _, writer = await proxy.connect()
        stop_reading(writer)
        writer.write(GET)
        assert await recorded(proxy) == (200, "client_closed")
        while not upstream.closed:
            await asyncio.sleep(0.01)
        writer.transport.abort()


@each_lane
@pytest.mark.parametrize("ahead", [True, False], ids=["before the next request", "while the connection closes"])
async def test_send_idle_of_a_client_behind_the_end_of_an_answer(ahead: bool) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40000
    async with short("send_idle_seconds", answering(answer)) as (proxy, _):
        _, writer = await proxy.connect()
        stop_reading(writer)
        sent = 0
        while not any(connection.writing_paused for connection in proxy.proxy._connections):
            if sent == len(proxy.records):
                writer.write(GET)
                sent += 1
            await asyncio.sleep(0)
        (connection,) = proxy.proxy._connections
        if ahead:
            writer.write(GET)
        else:
            connection.close_if_idle()
        while proxy.proxy._connections:
            await asyncio.sleep(0.01)
        writer.transport.abort()


@each_lane
async def test_tunnel_idle() -> None:
    async with short("tunnel_idle_seconds", switching) as (proxy, _):
        reader, writer = await proxy.connect()
        writer.write(UPGRADE)
        assert await reader.readuntil(b"\r\n\r\n") == SWITCHING
        assert await reader.read() == b""
        assert await recorded(proxy) == (101, "")
        writer.close()


@each_lane
async def test_upstream_idle() -> None:
    async with short("upstream_idle_seconds") as (proxy, upstream):
        await proxy.send(GET)
        while not upstream.closed:
            await asyncio.sleep(0.01)


@each_lane
@pytest.mark.parametrize(
    ("route", "script", "status"),
    [(Timeouts(response_head=0.2), silent, 504), (Timeouts(answer_idle=0.2), pausing_body, 200)],
)
async def test_a_route_may_have_its_own(route: Timeouts, script: Script, status: int) -> None:
    async with short("", script, route=route) as (proxy, _):
        await proxy.send(GET)
        assert await recorded(proxy) == (status, "upstream_timeout")


def test_what_a_route_does_not_ask_for_is_as_set() -> None:
    timeouts = ExchangeTimeouts.of(ProxySettings(send_idle_seconds=7.0))
    changed = timeouts.changed_by(Timeouts(connect=1.0))
    assert (changed.connect, changed.send_idle, changed.answer_idle) == (1.0, 7.0, timeouts.answer_idle)


@pytest.mark.parametrize("name", Timeouts.__struct_fields__)
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_timeout_is_positive(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be greater than 0"):
        Timeouts(**{name: seconds})
