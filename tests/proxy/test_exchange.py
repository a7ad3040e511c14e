"""One request's life, over real sockets: attempts, both directions, and every way it can end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import itertools
import socket
from typing import cast

import msgspec
import pytest
from aiohttp.helpers import rfc822_formatted_time

from ingressd.policies.timeouts import Timeouts
from ingressd.proxy import connection_owner
from ingressd.proxy.upstreams.connection import READ_BYTES
from ingressd.routing.upstream import Endpoint, Unavailable, Upstream
from ingressd.settings import ProxySettings
from tests.support.proxying import KEY, parse_answer, serving, table_for
from tests.support.upstream import (
    OK,
    answering,
    full_backlog,
    read_message,
    recording_upstream,
    stop_reading,
    unused_endpoint,
)

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


@pytest.mark.parametrize("request_bytes", [GET, POST], ids=["GET", "POST"])
async def test_an_endpoint_that_refuses_is_passed_over_whatever_the_method(request_bytes: bytes) -> None:
    async with recording_upstream() as upstream:
        dead = await unused_endpoint()
        async with serving(table_for([dead, upstream.endpoint])) as proxy:
            for _ in range(4):
                assert parse_answer(await proxy.send(request_bytes)).status == 200
            assert proxy.records[0].endpoint == str(upstream.endpoint)
            assert [record.attempts for record in proxy.records] == [2, 1, 1, 1], "a refusing endpoint is left out"


async def test_when_every_endpoint_refuses_the_answer_is_502() -> None:
    endpoints = [await unused_endpoint() for _ in range(5)]
    async with serving(table_for(endpoints)) as proxy:
        answer = parse_answer(await proxy.send(GET))
        assert answer.status == 502
        assert answer.fields["x-ingressd-reason"] == "upstream_connect"
        assert proxy.records[0].attempts == 3


@pytest.mark.parametrize(
    ("unavailable", "reason"),
    [
        (Unavailable.NO_SERVICE, "no_service"),
        (Unavailable.NO_SERVICE_PORT, "no_service_port"),
        (Unavailable.NO_ENDPOINTS, "no_endpoints"),
        (Unavailable.EXTERNAL_NAME_REFUSED, "external_name_refused"),
    ],
)
async def test_an_upstream_without_endpoints_answers_503_with_its_reason(unavailable: Unavailable, reason: str) -> None:
    async with serving(table_for([], unavailable=unavailable)) as proxy:
        answer = parse_answer(await proxy.send(GET))
        assert answer.status == 503
        assert answer.fields["x-ingressd-reason"] == reason
        assert answer.fields.get("retry-after") == ("1" if reason == "no_endpoints" else None)
        assert proxy.records[0].reason == reason
        assert proxy.records[0].ingress == "web"


async def test_a_denied_route_answers_503_and_reaches_nobody() -> None:
    async with recording_upstream() as upstream:
        async with serving(table_for([upstream.endpoint], denied="auth-url is not supported")) as proxy:
            answer = parse_answer(await proxy.send(GET))
            assert answer.status == 503
            assert answer.fields["x-ingressd-reason"] == "route_denied"
            assert b"auth-url is not supported".lower() in answer.body.lower()
        assert upstream.received == b""


async def _answer_then_close_behind_its_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request, and close on the second without a byte, as a server whose keep-alive ran out does."""
    await read_message(reader)
    writer.write(OK)
    await reader.readuntil(b"\r\n\r\n")


async def test_a_reused_connection_that_closes_without_a_byte_is_replaced_by_a_fresh_one() -> None:
    async with recording_upstream(_answer_then_close_behind_its_back) as upstream:
        async with serving(table_for([upstream.endpoint])) as proxy:
            data = await proxy.send(GET * 5)
            assert data.count(b"HTTP/1.1 200 OK") == 5
            assert max(record.attempts for record in proxy.records) == 2


async def test_a_body_is_sent_again_with_its_request() -> None:
    put = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    async with recording_upstream(_answer_then_close_behind_its_back) as upstream:
        async with serving(table_for([upstream.endpoint])) as proxy:
            assert (await proxy.send(put * 3)).count(b"HTTP/1.1 200 OK") == 3
        assert all(bytes(connection).startswith(b"PUT ") for connection in upstream.connections)
        assert upstream.received.count(b"\r\n\r\nhi") >= 3


async def test_a_post_that_may_have_arrived_is_not_sent_again() -> None:
    async with recording_upstream(_answer_then_close_behind_its_back) as upstream:
        async with serving(table_for([upstream.endpoint])) as proxy:
            data = await proxy.send(POST * 2)
            assert [data.count(b"HTTP/1.1 200 "), data.count(b"HTTP/1.1 502 ")] == [1, 1]
        assert upstream.received.count(b"POST ") == 2


async def test_connections_are_reused() -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        await proxy.send(GET * 20)
        assert len(upstream.connections) == 1


async def test_a_connection_that_was_idle_too_long_is_not_reused() -> None:
    settings = msgspec.structs.replace(ProxySettings(), upstream_idle_seconds=0.05)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
        await proxy.send(GET)
        await asyncio.sleep(0.1)
        await proxy.send(GET)
        assert len(upstream.connections) == 2


async def test_endpoints_take_turns() -> None:
    async with recording_upstream() as one, recording_upstream() as two, recording_upstream() as three:
        async with serving(table_for([one.endpoint, two.endpoint, three.endpoint])) as proxy:
            await proxy.send(GET * 30)
        assert [upstream.received.count(b"GET / ") for upstream in (one, two, three)] == [10, 10, 10]


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


async def test_an_endpoint_that_says_nothing_becomes_504() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        recording_upstream(silent) as upstream,
        serving(table_for([upstream.endpoint], timeouts=Timeouts(response_head=0.2))) as proxy,
    ):
        answer = parse_answer(await proxy.send(GET))
        assert answer.status == 504
        assert answer.fields["x-ingressd-reason"] == "upstream_timeout"


async def test_a_body_that_stops_becomes_408() -> None:
    settings = msgspec.structs.replace(ProxySettings(), body_idle_seconds=0.2)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
        promised = await proxy.send(head, half_close=False)
        assert parse_answer(promised).status == 408
        assert upstream.received == b""
        begun = await proxy.send(head + b"abc", half_close=False)
        assert parse_answer(begun).status == 408


async def test_a_head_that_stops_becomes_408() -> None:
    settings = msgspec.structs.replace(ProxySettings(), header_read_seconds=0.2)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
        answer = parse_answer(await proxy.send(b"GET / HTTP/1.1\r\nHost:", half_close=False))
        assert answer.status == 408
        assert upstream.received == b""


@pytest.mark.parametrize("coding", ["length", "chunked"])
async def test_large_bodies_arrive_whole_in_both_directions(coding: str) -> None:
    size, piece = 40 * 2**20, b"0123456789abcdef" * 4096

    async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_message(reader)
        framing = b"Content-Length: %d" % size if coding == "length" else b"Transfer-Encoding: chunked"
        writer.write(
            b"HTTP/1.1 200 OK\r\nX-Digest: %b\r\n%b\r\n\r\n" % (hashlib.md5(body).hexdigest().encode(), framing)
        )
        for _ in range(size // len(piece)):
            writer.write(piece if coding == "length" else b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        if coding == "chunked":
            writer.write(b"0\r\n\r\n")
        await reader.read()

    async with recording_upstream(mirror) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        framing = b"Content-Length: %d" % size if coding == "length" else b"Transfer-Encoding: chunked"
        encoded = piece if coding == "length" else b"%x\r\n%b\r\n" % (len(piece), piece)
        ending = [] if coding == "length" else [b"0\r\n\r\n"]
        data = await proxy.send(
            b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing, *[encoded] * (size // len(piece)), *ending
        )
        answer = parse_answer(data)
        expected = piece * (size // len(piece))
        assert answer.body == expected
        assert answer.fields["x-digest"] == hashlib.md5(expected).hexdigest()
        record = proxy.records[0]
        assert (record.bytes_received, record.bytes_sent) == (size, size)


async def test_a_slow_client_holds_back_the_endpoint_and_not_the_memory() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_message(reader)
        writer.transport.set_write_buffer_limits(high=0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with recording_upstream(flood) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        stop_reading(writer)
        writer.write(GET)
        previous = -1
        async with asyncio.timeout(20):
            while sent == 0 or sent != previous:
                previous = sent
                await asyncio.sleep(0.3)
        assert sent < 32 * 2**20, "what the kernel's socket buffers hold, and no more"
        [connection] = proxy.proxy._connections
        assert connection.transport is not None
        assert connection.transport.get_write_buffer_size() <= READ_BYTES + 1024, "one read, and what frames it"
        writer.transport.abort()
        assert reader is not None


@pytest.mark.parametrize("coding", ["length", "chunked"])
async def test_an_endpoint_that_takes_nothing_holds_back_the_client_and_not_the_memory(coding: str) -> None:
    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stop_reading(writer)
        await asyncio.Event().wait()

    async with recording_upstream(deaf) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        framing = b"Content-Length: 1000000000" if coding == "length" else b"Transfer-Encoding: chunked"
        piece = b"x" * 65536 if coding == "length" else b"10000\r\n" + b"x" * 65536 + b"\r\n"
        _, writer = await proxy.connect()
        writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing)
        sent = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                while sent < 2**27:
                    writer.write(piece)
                    await writer.drain()
                    sent += len(piece)
        assert sent < 2**26, "what the kernel's socket buffers hold, and no more"
        [connection] = proxy.proxy._pool._open
        assert connection._transport is not None
        assert 0 < connection._transport.get_write_buffer_size() <= connection_owner.READ_BYTES + 1024, "one read"
        writer.transport.abort()


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


async def test_a_body_does_not_pile_up_while_another_endpoint_is_tried() -> None:
    async def read_a_little(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(5)

    deaf = socket.create_server(("127.0.0.1", 0), backlog=0)
    queued = [socket.socket() for _ in range(4)]
    for client in queued:
        client.setblocking(False)
        client.connect_ex(deaf.getsockname())
    try:
        async with recording_upstream(read_a_little) as upstream:
            endpoints = [upstream.endpoint, Endpoint("127.0.0.1", deaf.getsockname()[1])]
            async with serving(table_for(endpoints, timeouts=Timeouts(connect=30))) as proxy:
                _, writer = await proxy.connect()
                writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                await asyncio.sleep(0.2)
                sent = 0
                with contextlib.suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(1):
                        while sent < 2**27:
                            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                            await writer.drain()
                            sent += 65536
                assert sent < 2**25, "what the kernel's socket buffers hold, and no more"
                writer.transport.abort()
    finally:
        for each in (deaf, *queued):
            each.close()


async def test_a_port_that_cannot_be_is_an_endpoint_that_refuses() -> None:
    async with serving(table_for([Endpoint("127.0.0.1", 70000)])) as proxy:
        assert parse_answer(await proxy.send(GET)).status == 502


async def test_a_body_behind_an_answer_that_has_none_is_no_answer() -> None:
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEVIL!"

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 204 No\r\nContent-Length: %d\r\n\r\n" % len(evil))
        await asyncio.sleep(0.05)
        writer.write(evil)
        await reader.read()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        for _ in range(3):
            writer.write(GET)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
            await asyncio.sleep(0.1)
        writer.close()
        assert len(upstream.connections) == 3


async def test_connections_that_endpoints_close_leave_nothing_behind() -> None:
    async with recording_upstream(answering(OK, close=True)) as upstream:
        async with serving(table_for([upstream.endpoint])) as proxy:
            for _ in range(20):
                assert parse_answer(await proxy.send(GET)).status == 200
                await asyncio.sleep(0.01)
            proxy.proxy.watchdog.tick()
            assert repr(proxy.proxy._pool).startswith("<Pool 0 open")


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


async def test_a_client_that_reads_slowly_but_steadily_is_not_cut() -> None:
    size = 3 * 2**20

    async def fast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await reader.read()

    async with (
        recording_upstream(fast) as upstream,
        serving(table_for([upstream.endpoint], timeouts=Timeouts(send_idle=1.0))) as proxy,
    ):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", proxy.port))
        await loop.sock_sendall(client, GET)
        received = 0
        with client:
            while received < size:
                data = await loop.sock_recv(client, 8192)
                assert data, f"cut after {received} bytes"
                received += len(data)
                if received < size // 6:
                    await asyncio.sleep(0.05)


async def _answer_when(release: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await read_message(reader)
        await release.wait()
        writer.write(OK)


async def test_requests_wait_for_a_connection_where_an_endpoint_has_its_most() -> None:
    release = asyncio.Event()
    settings = msgspec.structs.replace(ProxySettings(), upstream_connections_per_endpoint=2)
    async with (
        recording_upstream(functools.partial(_answer_when, release)) as upstream,
        serving(table_for([upstream.endpoint]), settings) as proxy,
        asyncio.TaskGroup() as group,
    ):
        sending = [group.create_task(proxy.send(request)) for request in (GET, POST) * 5]
        while proxy.proxy.in_flight < 10:
            await asyncio.sleep(0.01)
        release.set()
        assert [parse_answer(await sent).status for sent in sending] == [200] * 10
        assert len(upstream.connections) == 2


async def test_a_request_that_finds_the_queue_full_is_answered_503() -> None:
    release = asyncio.Event()
    settings = msgspec.structs.replace(
        ProxySettings(), upstream_connections_per_endpoint=1, queued_requests_per_endpoint=1
    )
    async with (
        recording_upstream(functools.partial(_answer_when, release)) as upstream,
        serving(table_for([upstream.endpoint]), settings) as proxy,
        asyncio.TaskGroup() as group,
    ):
        sending = [group.create_task(proxy.send(GET)) for _ in range(2)]
        while proxy.proxy.in_flight < 2:
            await asyncio.sleep(0.01)
        answer = parse_answer(await proxy.send(GET))
        assert (answer.status, answer.fields["x-ingressd-reason"]) == (503, "upstream_busy")
        assert answer.fields["retry-after"] == "1"
        release.set()
        assert [parse_answer(await sent).status for sent in sending] == [200, 200]


async def test_a_request_waits_for_a_connection_as_long_as_it_may_wait_for_a_new_one() -> None:
    settings = msgspec.structs.replace(ProxySettings(), upstream_connections_per_endpoint=1)
    async with (
        recording_upstream(functools.partial(_answer_when, asyncio.Event())) as upstream,
        serving(table_for([upstream.endpoint], timeouts=Timeouts(connect=0.2)), settings) as proxy,
        asyncio.TaskGroup() as group,
    ):
        first = group.create_task(proxy.send(GET, half_close=False))
        while not upstream.connections:
            await asyncio.sleep(0.01)
        assert parse_answer(await proxy.send(GET)).fields["x-ingressd-reason"] == "upstream_busy"
        await proxy.proxy.close(0)
        await first


async def test_an_answer_that_we_cannot_write_is_500_and_harms_no_other_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = itertools.count()

    def defective() -> str:
        if next(calls) == 0:
            raise ZeroDivisionError
        return rfc822_formatted_time()

    monkeypatch.setattr("ingressd.proxy.answers.rfc822_formatted_time", defective)
    monkeypatch.setattr("ingressd.proxy.aiohttp_responses.rfc822_formatted_time", defective)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        answer = parse_answer(await proxy.send(b"GET /defect HTTP/1.1\r\nHost: a\r\n\r\n"))
        assert (answer.status, answer.fields["x-ingressd-reason"]) == (500, "internal_error")
        assert "ZeroDivisionError" in caplog.text
        assert parse_answer(await proxy.send(GET)).status == 200
        assert proxy.proxy.in_flight == 0


async def test_what_cannot_be_sent_again_takes_no_connection_that_ends_behind_its_last_answer() -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)  # the answer and its end in one segment
        await read_message(reader)
        writer.write(OK)
        writer.write_eof()

    async with recording_upstream(closing) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        received = await proxy.send(GET + POST)
        assert received.count(b"HTTP/1.1 200 OK") == 2
        assert [record.attempts for record in proxy.records] == [1, 1]


async def test_an_endpoint_that_took_long_to_fail_does_not_make_a_connection_younger() -> None:
    """A POST takes only a connection that was in use within the last second, counted from when it takes it."""
    settings = msgspec.structs.replace(ProxySettings(), connect_seconds=1.2)
    with full_backlog() as full:
        async with recording_upstream() as upstream, serving(table_for([upstream.endpoint]), settings) as proxy:
            assert parse_answer(await proxy.send(GET)).status == 200
            proxy.proxy.apply(table_for([full, upstream.endpoint]))
            await asyncio.gather(proxy.send(POST), proxy.send(POST))
            assert [record.attempts for record in proxy.records] == [1, 1, 2]
            assert len(upstream.connections) == 2
