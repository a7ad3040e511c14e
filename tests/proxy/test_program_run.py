"""Middlewares and handlers between a client and an upstream, over real sockets, whichever lane is the default."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from ingressd.policies.program import Program
from ingressd.policies.timeouts import Timeouts
from ingressd.proxy.program_request import FACTS
from ingressd.proxy.programs import Handler, Link, Middleware, Programs
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import RouteOrigin
from ingressd.routing.upstream import Unavailable
from ingressd.settings import ProxySettings, parse_networks
from tests.support.proxying import ServingProxy, parse_answer, serving, table_for
from tests.support.upstream import (
    OK,
    RecordingUpstream,
    Script,
    answering,
    recording_upstream,
    stop_reading,
    unused_endpoint,
)

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET /a/b?q=1 HTTP/1.1\r\nHost: shop.test\r\n"
CLOSE = b"Connection: close\r\n"


@asynccontextmanager
async def behind(
    *middlewares: Middleware, script: Script | None = None, trusted: Sequence[str] = ()
) -> AsyncIterator[tuple[ServingProxy, RecordingUpstream]]:
    """A proxy whose one route passes these middlewares, named m0, m1 and so on."""
    bound = {f"m{number}": middleware for number, middleware in enumerate(middlewares)}
    async with recording_upstream(script) as upstream:
        table = table_for([upstream.endpoint], program=Program(tuple(bound)))
        networks = parse_networks(trusted)
        async with serving(table, programs=Programs((), bound), trusted_proxies=networks) as proxy:
            yield proxy, upstream


@asynccontextmanager
async def handled(
    handler: Handler, *middlewares: Middleware, timeouts: Timeouts | None = None, settings: ProxySettings | None = None
) -> AsyncIterator[ServingProxy]:
    """A proxy whose one route is answered by the handler h."""
    everywhere = tuple(Link(f"e{number}", middleware) for number, middleware in enumerate(middlewares))
    table = table_for([], unavailable=Unavailable.NO_SERVICE, program=Program((), "h"), timeouts=timeouts)
    async with serving(table, settings, programs=Programs(everywhere, {}, {"h": handler})) as proxy:
        yield proxy


def upstream_fields(upstream: RecordingUpstream) -> list[str]:
    return upstream.received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


@web.middleware
async def passing(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request)


# What code sees.


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
    assert (facts.request_id, facts.rule, facts.ingress, facts.service) == ("id-1", "shop/web#0/0", "web", "web")  # type: ignore[attr-defined]
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


# What code changes in a request.


def changing(**fields: str | None) -> Middleware:
    """A middleware that sets these header fields, and removes those that are None."""

    @web.middleware
    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers.copy()
        for name, value in fields.items():
            headers.popall(name.replace("_", "-"), None)
            if value is not None:
                headers[name.replace("_", "-")] = value
        return await handler(request.clone(headers=headers))

    return change


async def test_header_fields_are_added_replaced_and_removed() -> None:
    async with behind(changing(X_New="1", X_Old=None, X_Both="ours")) as (proxy, upstream):
        await proxy.send(GET + b"X-Old: 1\r\nX-Both: theirs\r\nX-Kept: caf\xe9\r\n" + CLOSE + b"\r\n")
    lines = upstream_fields(upstream)
    assert {line for line in lines if line.startswith("X-") and line[2:5] in ("New", "Old", "Bot", "Kep")} == {
        "X-Kept: caf\xe9",
        "X-New: 1",
        "X-Both: ours",
    }


async def test_a_client_cannot_take_away_what_a_middleware_adds() -> None:
    async with behind(changing(X_User="alice")) as (proxy, upstream):
        await proxy.send(GET + b"X-User: root\r\nConnection: close, X-User\r\n\r\n")
    assert [line for line in upstream_fields(upstream) if line.startswith("X-User")] == ["X-User: alice"]


async def test_what_ingressd_writes_and_frames_by_stays_its_own() -> None:
    liar = changing(
        Host="other.test",
        Content_Length="7",
        Transfer_Encoding="chunked",
        Connection="Upgrade",
        X_Real_IP="6.6.6.6",
        X_Forwarded_For="6.6.6.6",
    )
    async with behind(liar) as (proxy, upstream):
        await proxy.send(b"POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\n" + CLOSE + b"\r\nabc")
    assert b"6.6.6.6" not in upstream.received
    lines = upstream_fields(upstream)
    assert "Host: shop.test" in lines
    assert [line for line in lines if line.lower().startswith(("content-length", "transfer", "connection"))] == [
        "Content-Length: 3"
    ]
    assert upstream.received.endswith(b"\r\n\r\nabc")


async def test_an_upgrade_passes_with_changed_fields() -> None:
    async with behind(changing(X_User="alice")) as (proxy, upstream):
        await proxy.send(GET + b"Connection: Upgrade, X-User\r\nUpgrade: websocket\r\n\r\n")
    lines = upstream_fields(upstream)
    assert {"X-User: alice", "Connection: Upgrade", "Upgrade: websocket"} <= set(lines)


async def test_a_head_that_has_grown_too_large_is_not_sent() -> None:
    async with behind(changing(X_Large="x" * 70000)) as (proxy, upstream):
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, upstream.received) == (500, b"")


@pytest.mark.parametrize(
    ("rel_url", "asked"),
    [("/other/%2F?x=1", "/other/%2F?x=1"), ("/a/b?variant=b", "/a/b?variant=b"), ("/x/../y", "/y")],
)
async def test_path_and_query_can_be_changed(rel_url: str, asked: str) -> None:
    @web.middleware
    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request.clone(rel_url=rel_url))

    async with behind(change) as (proxy, upstream):
        await proxy.send(GET + CLOSE + b"\r\n")
    assert upstream_fields(upstream)[0] == f"GET {asked} HTTP/1.1"


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Bad", "a\r\nX-Injected: 1"), ("X-Bad", "a\0"), ("X Bad", "1"), ("X-Bad:", "1"), ("X_Bad", "1"), ("", "1")],
)
async def test_fields_that_cannot_be_sent_reach_nobody(name: str, value: str) -> None:
    @web.middleware
    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = request.headers.copy()
        headers[name] = value
        return await handler(request.clone(headers=headers))

    async with behind(change) as (proxy, upstream):
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, answer.fields["x-ingressd-reason"]) == (500, "middleware_failed")
    assert upstream.received == b""


async def test_the_method_cannot_be_changed() -> None:
    @web.middleware
    async def change(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request.clone(method="DELETE"))

    async with behind(change) as (proxy, upstream):
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, upstream.received) == (500, b"")


# Bodies of requests.


POST = b"POST / HTTP/1.1\r\nHost: shop.test\r\n"


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


# What code changes in an answer.


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


async def test_order() -> None:
    def adding(letter: str) -> Middleware:
        @web.middleware
        async def add(request: web.Request, handler: Handler) -> web.StreamResponse:
            headers = request.headers.copy()
            headers["X-In"] = headers.get("X-In", "") + letter
            response = await handler(request.clone(headers=headers))
            response.headers["X-Out"] = response.headers.get("X-Out", "") + letter
            return response

        return add

    programs = Programs((Link("e", adding("a")),), {"m": adding("b"), "n": adding("c")})
    async with recording_upstream() as upstream:
        table = table_for([upstream.endpoint], program=Program(("m", "n")))
        async with serving(table, programs=programs) as proxy:
            answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert b"X-In: abc\r\n" in upstream.received
    assert answer.fields["x-out"] == "cba"


# Code that fails.


async def raises(request: web.Request) -> web.StreamResponse:
    raise KeyError("secret detail")


async def exits(request: web.Request) -> web.StreamResponse:
    sys.exit(3)


async def returns_nothing(request: web.Request) -> web.StreamResponse:
    return None  # type: ignore[return-value]


async def waits_for_something_cancelled(request: web.Request) -> web.StreamResponse:
    raise asyncio.CancelledError


async def breaks_a_line(request: web.Request) -> web.StreamResponse:
    return web.Response(headers={"X-Bad": "a\r\nX-Injected: 1"})


async def breaks_the_status_line(request: web.Request) -> web.StreamResponse:
    response = web.Response()
    response._reason = "OK\r\nX-Injected: 1"
    return response


async def bad_cookie(request: web.Request) -> web.StreamResponse:
    response = web.Response()
    response.headers["Set-Cookie"] = "a=b\nX-Injected: 1"
    return response


async def too_long(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"0123456789", headers={"Content-Length": "5"})


async def bad_length(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"0123456789", headers={"Content-Length": "-5"})


async def switches(request: web.Request) -> web.StreamResponse:
    return web.Response(status=101)


FAILING = [
    raises,
    exits,
    returns_nothing,
    waits_for_something_cancelled,
    breaks_a_line,
    breaks_the_status_line,
    bad_cookie,
    too_long,
    bad_length,
    switches,
]


@pytest.mark.parametrize("handler", FAILING, ids=lambda handler: str(handler.__name__))
async def test_failing_code_answers_500_and_harms_no_other_request(
    handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    async def only_sometimes(request: web.Request) -> web.StreamResponse:
        return web.Response(text="fine") if request.path == "/fine" else await handler(request)

    async with handled(only_sometimes) as proxy:
        received = await proxy.send(
            GET + b"Accept: application/json\r\n\r\n" + b"GET /fine HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n"
        )
    first, second = received.split(b"HTTP/1.1 ")[1:]
    answer = parse_answer(b"HTTP/1.1 " + first)
    assert (answer.status, answer.fields["x-ingressd-reason"]) == (500, "handler_failed")
    assert b"secret detail" not in received
    assert b"X-Injected" not in received
    assert second.startswith(b"200 OK")
    assert second.endswith(b"fine")
    assert [(record.status, record.reason) for record in proxy.records] == [(500, "handler_failed"), (200, "handler")]
    [line] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "the handler h of shop/web#0/0 failed" in line.getMessage()
    assert line.exc_info is not None


async def test_the_log_names_the_middleware_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    @web.middleware
    async def fail(request: web.Request, handler: Handler) -> web.StreamResponse:
        raise ValueError("no")

    async with behind(passing, fail, passing) as (proxy, upstream):
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, answer.fields["x-ingressd-reason"]) == (500, "middleware_failed")
    assert "the middleware m1 of shop/web#0/0 failed" in caplog.text
    assert upstream.received == b""


async def test_a_middleware_may_handle_what_another_raises() -> None:
    @web.middleware
    async def rescue(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except KeyError:
            return web.Response(status=418)

    async def fail(request: web.Request, handler: Handler) -> web.StreamResponse:
        raise KeyError

    async with behind(rescue, fail) as (proxy, _):
        assert parse_answer(await proxy.send(GET + CLOSE + b"\r\n")).status == 418
    assert proxy.records[0].reason == "middleware"


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


async def test_an_answer_that_ends_early_ends_the_connection() -> None:
    async def short(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"part")
        return response

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"part")
        raise KeyError

    for handler in (short, broken):
        async with handled(handler) as proxy:
            received = await proxy.send(GET + b"\r\n" + GET + b"\r\n", half_close=False)
        assert received.count(b"HTTP/1.1") <= 1
        assert not received.endswith(b"0\r\n\r\n")
        assert proxy.records[0].reason == "handler_failed"


async def test_two_answers_to_one_request_are_one() -> None:
    async def twice(request: web.Request) -> web.StreamResponse:
        first = web.StreamResponse()
        await first.prepare(request)
        await first.write(b"part")
        return web.Response(text="second")

    async with handled(twice) as proxy:
        received = await proxy.send(GET + b"\r\n", half_close=False)
    assert received.count(b"HTTP/1.1") <= 1
    assert b"second" not in received


# Handlers.


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


async def test_a_name_that_nothing_is_bound_to_is_not_served() -> None:
    async with recording_upstream() as upstream:
        async with serving(table_for([upstream.endpoint], program=Program(("m",)))) as proxy:
            answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, answer.fields["x-ingressd-reason"]) == (503, "route_denied")
    assert upstream.received == b""


async def test_a_denied_route_reaches_no_code() -> None:
    async def hello(request: web.Request) -> web.StreamResponse:
        raise AssertionError

    table = table_for([], unavailable=Unavailable.NO_SERVICE, program=Program((), "h"), denied="It is.")
    async with serving(table, programs=Programs((), {}, {"h": hello})) as proxy:
        answer = parse_answer(await proxy.send(GET + CLOSE + b"\r\n"))
    assert (answer.status, answer.fields["x-ingressd-reason"]) == (503, "route_denied")


async def test_only_requests_to_the_route_take_the_other_lane() -> None:
    """One connection, requests sent ahead: answers keep their order whichever lane gives them."""

    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return web.Response(text=f"handled {request.path}")

    async with recording_upstream(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nupstream")) as upstream:
        table = table_for([upstream.endpoint])
        mixed = table.hosts[""]
        assert mixed is not None
        [plain] = mixed.paths.routes
        handled_route = msgspec.structs.replace(
            plain, path="/handled", upstream=None, program=Program((), "h"), origin=RouteOrigin("shop", "web", 0, 1)
        )
        table.hosts[""] = msgspec.structs.replace(mixed, paths=PathTrie([plain, handled_route]))
        async with serving(table, programs=Programs((), {}, {"h": slow})) as proxy:
            received = await proxy.send(
                b"".join(
                    b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab" % path
                    for path in (b"/1", b"/handled/2", b"/3", b"/handled/4", b"/handled/5", b"/6")
                )
            )
    bodies = [part.partition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert bodies == [
        b"upstream",
        b"handled /handled/2",
        b"upstream",
        b"handled /handled/4",
        b"handled /handled/5",
        b"upstream",
    ]
