"""Handlers, which answer in the place of an upstream."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import pytest
from aiohttp import web

from ingressd.policies.timeouts import Timeouts
from ingressd.settings import ProxySettings
from tests.support.programs import CLOSE, GET, POST, handled, passing
from tests.support.proxying import parse_answer
from tests.support.upstream import stop_reading

pytestmark = pytest.mark.usefixtures("each_lane")


async def test_a_handler_answers_in_the_place_of_an_upstream() -> None:
    async def hello(request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"{request.method} {await request.text()}")

    async with handled(hello, passing) as proxy:
        received = await proxy.send(
            POST + b"Content-Length: 5\r\n\r\nfirst" + POST + b"Content-Length: 6\r\n" + CLOSE + b"\r\nsecond"
        )
    first, second = received.split(b"HTTP/1.1 ")[1:]
    assert first.endswith(b"POST first")
    assert second.endswith(b"POST second")
    assert b"Server: ingressd\r\n" in first
    assert [(record.status, record.reason, record.bytes_sent) for record in proxy.records] == [
        (200, "handler", 10),
        (200, "handler", 11),
    ]


async def test_a_handler_that_leaves_the_body_unread_ends_the_connection_in_order() -> None:
    async def no(request: web.Request) -> web.StreamResponse:
        raise web.HTTPForbidden

    async with handled(no) as proxy:
        answer = parse_answer(
            await proxy.send(POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1000, half_close=False)
        )
    assert (answer.status, answer.fields["connection"]) == (403, "close")


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_handler_streams(version: bytes) -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b"one ", b"two ", b"three"):
            await response.write(piece)
        return response

    async with handled(stream) as proxy:
        received = await proxy.send(b"GET / HTTP/%b\r\nHost: a\r\n" % version + CLOSE + b"\r\n")
    assert parse_answer(received).body == b"one two three"
    assert proxy.records[0].bytes_sent == 13


async def test_a_handler_sends_a_file(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_bytes(b"from a file")

    async def page(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(tmp_path / "page.txt")

    async with handled(page) as proxy:
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, answer.body) == (200, b"from a file")


async def test_a_body_that_head_asks_for_is_not_sent() -> None:
    async def hello(request: web.Request) -> web.StreamResponse:
        response = web.Response(text="hello")
        await response.prepare(request.clone(method="GET"))
        return response

    async with handled(hello) as proxy:
        received = await proxy.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET + CLOSE + b"\r\n")
    head, _, rest = received.partition(b"\r\n\r\n")
    assert b"Content-Length: 5" in head
    assert rest.startswith(b"HTTP/1.1 200 OK")
    assert rest.endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize("reset", [True, False])
async def test_the_handler_ends_when_the_client_leaves(*, reset: bool) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    async with handled(hang, timeouts=Timeouts(response_head=0.1)) as proxy:
        _, writer = await proxy.connect()
        writer.write(GET + b"\r\n")
        async with asyncio.timeout(20):
            await began.wait()
            if reset:
                client = writer.get_extra_info("socket")
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            await ended.wait()
            while not proxy.records:
                await asyncio.sleep(0.01)
    assert proxy.records[0].reason == "client_closed"


async def test_a_client_that_stalls_in_its_body_is_answered() -> None:
    async def look(request: web.Request) -> web.StreamResponse:
        return web.Response(body=await request.read())

    async with handled(look, settings=ProxySettings(body_idle_seconds=0.1)) as proxy:
        answer = parse_answer(await proxy.send(POST + b"Content-Length: 5\r\n\r\nhe", half_close=False))
    assert (answer.status, answer.fields["x-ingressd-reason"]) == (408, "request_timeout")


async def test_a_client_that_takes_nothing_is_given_up() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    async with handled(endless, timeouts=Timeouts(send_idle=0.1)) as proxy:
        _, writer = await proxy.connect()
        stop_reading(writer)
        writer.write(GET + b"\r\n")
        async with asyncio.timeout(20):
            while not proxy.records:
                await asyncio.sleep(0.01)
        writer.transport.abort()
    assert (proxy.records[0].reason, proxy.records[0].detail) == ("client_closed", "the client took nothing for 0.1 s")
