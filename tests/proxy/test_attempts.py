"""Which endpoints a request is sent to, one after another."""

from __future__ import annotations

import asyncio

import pytest

from ingressd.proxy.exchange import MAX_REPLAY_BYTES
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.upstream import Unavailable
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import OK, read_message, recording_upstream, unused_endpoint

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


async def test_a_port_that_cannot_be_is_an_endpoint_that_refuses() -> None:
    async with serving(table_for([Endpoint("127.0.0.1", 70000)])) as proxy:
        assert parse_answer(await proxy.send(GET)).status == 502


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


async def test_endpoints_take_turns() -> None:
    async with recording_upstream() as one, recording_upstream() as two, recording_upstream() as three:
        async with serving(table_for([one.endpoint, two.endpoint, three.endpoint])) as proxy:
            await proxy.send(GET * 30)
        assert [upstream.received.count(b"GET / ") for upstream in (one, two, three)] == [10, 10, 10]


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


@pytest.mark.parametrize(("body", "chunked"), [(b"hi", False), (b"hi", True), (b"x" * MAX_REPLAY_BYTES, False)])
async def test_a_body_is_sent_again_with_its_request(body: bytes, chunked: bool) -> None:
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    async with recording_upstream(_answer_then_close_behind_its_back) as upstream:
        async with serving(table_for([upstream.endpoint])) as proxy:
            answers = await proxy.send(b"PUT / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n%b" % (framing, sent) * 3)
            assert answers.count(b"HTTP/1.1 200 OK") == 3
            assert [record.bytes_received for record in proxy.records] == [len(body)] * 3
        assert all(bytes(connection).startswith(b"PUT ") for connection in upstream.connections)
        assert upstream.received.count(b"\r\n\r\n" + sent) >= 3


async def test_a_post_that_may_have_arrived_is_not_sent_again() -> None:
    async with recording_upstream(_answer_then_close_behind_its_back) as upstream:
        async with serving(table_for([upstream.endpoint])) as proxy:
            data = await proxy.send(POST * 2)
            assert [data.count(b"HTTP/1.1 200 "), data.count(b"HTTP/1.1 502 ")] == [1, 1]
        assert upstream.received.count(b"POST ") == 2
