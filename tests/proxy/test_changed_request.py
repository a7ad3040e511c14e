"""What middlewares change in a request, and what they cannot."""

from __future__ import annotations

import pytest
from aiohttp import web

from ingressd.proxy.programs import Handler, Middleware
from tests.support.programs import CLOSE, GET, behind, upstream_fields
from tests.support.proxying import parse_answer

pytestmark = pytest.mark.usefixtures("each_lane")


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
