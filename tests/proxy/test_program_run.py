"""Which Python code a request passes, and what becomes of it when that fails."""

from __future__ import annotations

import asyncio
import logging
import sys

import msgspec
import pytest
from aiohttp import web

from ingressd.policies.program import Program
from ingressd.proxy.programs import Handler, Link, Middleware, Programs
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.upstream import Unavailable
from tests.support.programs import CLOSE, GET, behind, handled, passing
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import answering, recording_upstream

pytestmark = pytest.mark.usefixtures("each_lane")


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
        handled_route = Route(
            origin=RouteOrigin("shop", "web", 0, 1),
            host=plain.host,
            kind=plain.kind,
            path="/handled",
            upstream=None,
            program=Program((), "h"),
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
