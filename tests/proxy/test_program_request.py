"""What middlewares see of a request, and what becomes of a body that they read."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from ingressd.proxy.program_request import FACTS, RequestFacts
from ingressd.proxy.programs import Handler
from tests.support.programs import CLOSE, GET, POST, behind, passing
from tests.support.proxying import parse_answer
from tests.support.upstream import OK, answering

pytestmark = pytest.mark.usefixtures("each_lane")


async def test_the_request_is_what_the_client_sent() -> None:
    seen: dict[str, object] = {}

    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        seen.update(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            host=request.host,
            scheme=request.scheme,
            remote=request.remote,
            cookie=request.cookies["c"],
            latin=request.headers["X-Latin"].encode("utf-8", "surrogateescape"),
            twice=request.headers.getall("X-Twice"),
            facts=request[FACTS],
            named="X-Named" in request.headers,
        )
        return await handler(request)

    async with behind(look) as (proxy, upstream):
        answer = await proxy.send(
            GET
            + b"Cookie: c=1\r\nX-Latin: caf\xe9\r\nX-Twice: a\r\nX-Twice: b\r\nX-Named: 1\r\nX-Request-ID: id-1\r\n"
            + b"Connection: close, X-Named\r\n\r\n"
        )
    assert parse_answer(answer).body == b"ok"
    facts = seen.pop("facts")
    assert seen == {
        "method": "GET",
        "path": "/a/b",
        "query": {"q": "1"},
        "host": "shop.test",
        "scheme": "http",
        "remote": "127.0.0.1",
        "cookie": "1",
        "latin": b"caf\xe9",
        "twice": ["a", "b"],
        "named": False,
    }
    assert isinstance(facts, RequestFacts)
    assert (facts.request_id, facts.rule, facts.ingress, facts.service) == ("id-1", "shop/web#0/0", "web", "web")
    assert b"X-Latin: caf\xe9" in upstream.received


async def test_the_client_behind_a_trusted_proxy_is_believed() -> None:
    seen: list[object] = []

    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        again = request.clone(headers=request.headers)
        seen.extend((request.remote, request.scheme, again.remote, again.scheme, again.host))
        return await handler(again)

    fields = b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
    async with behind(look, trusted=["127.0.0.1"]) as (proxy, _):
        await proxy.send(GET + fields + CLOSE + b"\r\n")
    assert seen == ["203.0.113.7", "https", "203.0.113.7", "https", "shop.test"]
    assert proxy.records[0].client == "203.0.113.7"
    seen.clear()
    async with behind(look) as (proxy, _):
        await proxy.send(GET + fields + CLOSE + b"\r\n")
    assert seen == ["127.0.0.1", "http", "127.0.0.1", "http", "shop.test"]


@pytest.mark.parametrize(
    ("framing", "sent", "received"),
    [
        (b"Content-Length: 5\r\n", b"hello", b"hello"),
        (b"Content-Length: 0\r\n", b"", b""),
        (b"Transfer-Encoding: chunked\r\n", b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    ],
)
async def test_a_body_that_was_read_is_forwarded_still(framing: bytes, sent: bytes, received: bytes) -> None:
    read: list[bytes] = []

    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        read.append(await request.read())
        return await handler(request.clone(headers={**request.headers, "X-Signed": "1"}))

    async with behind(look, passing) as (proxy, upstream):
        answer = parse_answer(await proxy.send(POST + framing + CLOSE + b"\r\n" + sent))
    assert answer.status == 200
    assert read == [b"hello"] or not sent
    assert upstream.received.endswith(b"\r\n\r\n" + received)
    assert b"X-Signed: 1" in upstream.received
    assert proxy.records[0].bytes_received == len(read[0])


async def test_a_body_that_was_not_read_streams() -> None:
    body = bytes(range(256)) * 4096
    async with behind(passing) as (proxy, upstream):
        answer = parse_answer(await proxy.send(POST + b"Content-Length: %d\r\n" % len(body) + CLOSE + b"\r\n" + body))
    assert answer.status == 200
    assert upstream.received.endswith(body)


async def test_a_body_of_which_a_part_was_taken_is_not_forwarded() -> None:
    @web.middleware
    async def take(request: web.Request, handler: Handler) -> web.StreamResponse:
        await request.content.readexactly(1)
        return await handler(request)

    async with behind(take) as (proxy, upstream):
        answer = parse_answer(await proxy.send(POST + b"Content-Length: 5\r\n" + CLOSE + b"\r\nhello"))
    assert (answer.status, answer.fields["x-ingressd-reason"]) == (500, "middleware_failed")
    assert upstream.received == b""


async def test_a_request_can_be_forwarded_twice() -> None:
    @web.middleware
    async def retry(request: web.Request, handler: Handler) -> web.StreamResponse:
        await request.read()
        response = await handler(request)
        return await handler(request) if response.status == 503 else response

    script = answering(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", OK)

    async def first_busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await script(reader, writer) if len(upstream.connections) == 1 else await answering(OK)(reader, writer)

    async with behind(retry, script=first_busy) as (proxy, upstream):
        answer = parse_answer(await proxy.send(POST + b"Content-Length: 5\r\n" + CLOSE + b"\r\nhello"))
    assert (answer.status, answer.body) == (200, b"ok")
    assert upstream.received.count(b"\r\n\r\nhello") == 2


async def test_whoever_wants_the_body_has_the_client_send_it() -> None:
    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("X-Key") != "right":
            raise web.HTTPForbidden
        await request.read()
        return await handler(request)

    expecting = POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n" + CLOSE
    async with behind(look) as (proxy, _):
        reader, writer = await proxy.connect()
        writer.write(expecting + b"X-Key: right\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()
        assert (await proxy.send(expecting + b"\r\n", half_close=False)).startswith(b"HTTP/1.1 403 Forbidden")
