"""One request's life, over real sockets: what passes in both directions, and ways in which it can end."""

from __future__ import annotations

import asyncio
import itertools
from email.utils import formatdate
from typing import cast

import pytest

from ingressd.proxy import date_line
from ingressd.routing.upstream import Upstream
from tests.support.proxying import KEY, parse_answer, serving, table_for
from tests.support.upstream import OK, answering, read_message, recording_upstream

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_a_denied_route_answers_503_and_reaches_nobody() -> None:
    async with recording_upstream() as upstream:
        async with serving(table_for([upstream.endpoint], denied="auth-url is not supported")) as proxy:
            answer = parse_answer(await proxy.send(GET))
            assert answer.status == 503
            assert answer.fields["x-ingressd-reason"] == "route_denied"
            assert b"auth-url is not supported".lower() in answer.body.lower()
        assert upstream.received == b""


async def test_a_request_keeps_what_it_matched_when_the_table_changes() -> None:
    release = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nol")
        await release.wait()
        writer.write(b"d!")
        await reader.read()

    async with recording_upstream(slow) as old, recording_upstream() as new:
        async with serving(table_for([old.endpoint])) as proxy, asyncio.TaskGroup() as group:
            first = group.create_task(proxy.send(GET))
            while not old.received:
                await asyncio.sleep(0.005)
            proxy.proxy.apply(table_for([new.endpoint]))
            assert parse_answer(await proxy.send(GET)).body == b"ok"
            release.set()
            assert parse_answer(await first).body == b"old!"


async def test_an_expectation_is_answered_before_the_body_is_read() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert upstream.connections == [], "a client that only promises a body holds no endpoint"
        writer.write(b"hi")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()
        assert b"expect" not in upstream.received.lower()


async def test_an_answer_that_comes_before_the_body_is_passed_on_and_the_connection_closed() -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with recording_upstream(impatient) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nstart", half_close=False)
        answer = parse_answer(data)
        assert answer.status == 413
        assert answer.fields["connection"] == "close"


async def test_interim_answers_reach_http_1_1_clients_only() -> None:
    hinted = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + OK
    async with recording_upstream(answering(hinted)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert (await proxy.send(GET)).startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 200")
        assert (await proxy.send(b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_client_that_leaves_frees_its_endpoint() -> None:
    endpoint_saw_close = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        try:
            await reader.read()
        finally:
            endpoint_saw_close.set()

    async with recording_upstream(endless) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(GET)
        await reader.readuntil(b"data: 1\n\n")
        writer.transport.abort()
        async with asyncio.timeout(5):
            await endpoint_saw_close.wait()
            while not proxy.records:
                await asyncio.sleep(0.01)
        assert proxy.records[0].reason == "client_closed"


async def test_a_defect_of_ours_is_500_and_harms_no_other_request(caplog: pytest.LogCaptureFixture) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        table = proxy.proxy.table
        good = table.upstreams[KEY]
        table.upstreams[KEY] = cast(Upstream, "what is no upstream, and only a defect can have put here")
        answer = parse_answer(await proxy.send(GET))
        assert answer.status == 500
        assert answer.fields["x-ingressd-reason"] == "internal_error"
        assert b"Error" not in answer.body.replace(b"Internal Server Error", b"")
        assert "Error: " in caplog.text
        table.upstreams[KEY] = good
        assert parse_answer(await proxy.send(GET)).status == 200
        assert proxy.proxy.in_flight == 0


async def test_an_answer_cut_short_is_a_reset_where_its_end_is_the_connections() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await asyncio.sleep(0.1)

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        await reader.readuntil(b"hello")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_fields_that_aiohttp_would_refuse_pass_unchanged() -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nUser-Agent: y\r\nSec-WebSocket-Key1: z\r\n\r\n"
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(request)).status == 200
        assert b"User-Agent: x\r\nUser-Agent: y\r\nSec-WebSocket-Key1: z\r\n" in upstream.received


async def test_the_bytes_of_an_answers_head_pass_and_its_length_has_one_spelling() -> None:
    answer = (
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nLink: </a>\r\n\r\n"
        b"HTTP/1.1 200 D\xe9j\xe0\r\nContent-Length: 010\r\n\r\n0123456789"
    )
    async with recording_upstream(answering(answer)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(GET)
        assert data.startswith(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 D\xe9j\xe0\r\nContent-Length: 10\r\n"
        )


async def test_an_answer_that_we_cannot_write_is_500_and_harms_no_other_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = itertools.count()

    def defective(seconds: int, *, usegmt: bool) -> str:
        if next(calls) == 0:
            raise ZeroDivisionError
        return formatdate(seconds, usegmt=usegmt)

    date_line.text_of.cache_clear()
    date_line.line_of.cache_clear()
    monkeypatch.setattr("ingressd.proxy.date_line.formatdate", defective)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        answer = parse_answer(await proxy.send(b"GET /defect HTTP/1.1\r\nHost: a\r\n\r\n"))
        assert (answer.status, answer.fields["x-ingressd-reason"]) == (500, "internal_error")
        assert "ZeroDivisionError" in caplog.text
        assert parse_answer(await proxy.send(GET)).status == 200
        assert proxy.proxy.in_flight == 0
