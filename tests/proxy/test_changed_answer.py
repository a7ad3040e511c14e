"""What middlewares change in an answer."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from ingressd.policies.program import Program
from ingressd.proxy.programs import Handler, Programs
from tests.support.programs import CLOSE, GET, behind
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import OK, answering, unused_endpoint

pytestmark = pytest.mark.usefixtures("each_lane")


@pytest.mark.parametrize(
    "upstream_answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Old: 1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Old: 1\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Old: 1\r\n\r\nhello",
    ],
)
async def test_a_streamed_answer_gets_other_fields_and_another_status(upstream_answer: bytes) -> None:
    @web.middleware
    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        response.set_status(203)
        response.headers["X-New"] = "caf\udce9"
        del response.headers["X-Old"]
        response.headers["Content-Length"] = "1"
        response.headers["Transfer-Encoding"] = "gzip"
        response.headers["Connection"] = "Upgrade"
        response.set_cookie("c", "1")
        return response

    async with behind(change, script=answering(upstream_answer, close=True)) as (proxy, _):
        received = await proxy.send(GET + CLOSE + b"\r\n")
    answer = parse_answer(received)
    assert (answer.status, answer.body) == (203, b"hello")
    assert answer.fields["x-new"] == "caf\xe9"
    assert answer.fields["set-cookie"].startswith("c=1")
    assert "x-old" not in answer.fields
    assert answer.fields["connection"] == "close"
    assert received.count(b"Content-Length") + received.count(b"Transfer-Encoding") == 1


@pytest.mark.parametrize(
    ("before", "after", "method", "body"),
    [
        (b"200 OK\r\nContent-Length: 5\r\n\r\nhello", 204, b"GET", b""),
        (b"204 None\r\n\r\n", 200, b"GET", b""),
        (b"304 Same\r\nContent-Length: 5\r\n\r\n", 200, b"GET", b""),
        (b"200 OK\r\nContent-Length: 5\r\n\r\n", 404, b"HEAD", b""),
    ],
)
async def test_another_status_keeps_the_connection_framed(
    before: bytes, after: int, method: bytes, body: bytes
) -> None:
    @web.middleware
    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if "change" in request.query:
            response.set_status(after)
        return response

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 " + before if b"?change" in head else OK)

    first = method + b" /?change=1 HTTP/1.1\r\nHost: a\r\n\r\n"
    async with behind(change, script=script) as (proxy, _):
        received = await proxy.send(first + GET + CLOSE + b"\r\n")
    head, _, rest = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % after)
    if b"chunked" in head:
        rest = rest.removeprefix(b"0\r\n\r\n")
    assert rest.startswith(body + b"HTTP/1.1 200 OK")


async def test_an_answer_is_replaced_and_the_upstream_is_told_nothing_more() -> None:
    ended = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\npart")
        await reader.read()
        ended.set()

    @web.middleware
    async def replace(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        return web.json_response({"was": response.status})

    async with behind(replace, script=endless) as (proxy, _):
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
        async with asyncio.timeout(20):
            await ended.wait()
    assert (answer.status, answer.body) == (200, b'{"was": 500}')
    assert (proxy.records[0].status, proxy.records[0].reason) == (200, "middleware")


async def test_a_failure_of_the_upstream_is_a_response_too() -> None:
    @web.middleware
    async def mark(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        response.headers["X-Seen"] = response.headers["X-Ingressd-Reason"]
        return response

    bound = Programs((), {"m": mark})
    async with serving(table_for([await unused_endpoint()], program=Program(("m",))), programs=bound) as proxy:
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, answer.fields["x-seen"]) == (502, "upstream_connect")
    assert proxy.records[0].reason == "upstream_connect"


async def test_a_line_break_in_the_field_of_a_forwarded_answer_is_a_failure() -> None:
    @web.middleware
    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        response.headers["X-Bad"] = "a\r\nX-Injected: 1"
        return response

    async with behind(change) as (proxy, _):
        received = await proxy.send(GET + b"\r\n" + GET + CLOSE + b"\r\n")
    assert received.count(b"HTTP/1.1 500") == 2
    assert b"X-Injected" not in received
