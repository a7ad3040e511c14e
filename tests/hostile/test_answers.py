"""Hostile and broken upstreams: a clear 502, or an abort that no client can take for a whole answer."""

from __future__ import annotations

import asyncio

import pytest

from ingressd.policies.timeouts import Timeouts
from tests.support.deliveries import each_delivery, pieces_of
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import OK, Script, answering, read_message, recording_upstream

pytestmark = pytest.mark.usefixtures("each_lane")

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def answer(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([*lines, b"", b""]) + body


def delivering(message: bytes, delivery: str, *, close: bool = False) -> Script:
    """Answer each request with these bytes, delivered in one of the three ways."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_message(reader)
            for piece in pieces_of(message, delivery):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if close:
                return

    return script


INVALID: dict[str, bytes] = {
    "length and chunked": answer(
        b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"
    ),
    "two different lengths": answer(b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Content-Length: 3", body=b"hello"),
    "length -5": answer(b"HTTP/1.1 200 OK", b"Content-Length: -5", body=b"hello"),
    "length +5": answer(b"HTTP/1.1 200 OK", b"Content-Length: +5", body=b"hello"),
    "coding identity": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: identity", body=b"hello"),
    "coding xchunked": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: xchunked", body=b"hello"),
    "length 0x5": answer(b"HTTP/1.1 200 OK", b"Content-Length: 0x5", body=b"hello"),
    "length of 20 digits": answer(b"HTTP/1.1 200 OK", b"Content-Length: " + b"9" * 20, body=b"hello"),
    "list of lengths": answer(b"HTTP/1.1 200 OK", b"Content-Length: 5, 5", body=b"hello"),
    "coding gzip, chunked": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "two codings": answer(
        b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"
    ),
    "500 fields": answer(b"HTTP/1.1 200 OK", *[b"X%d: 1" % number for number in range(500)]),
    "100 KB header": answer(b"HTTP/1.1 200 OK", b"X: " + b"a" * 100_000),
    "NUL in value": answer(b"HTTP/1.1 200 OK", b"X: a\x00b"),
    "carriage return in value": answer(b"HTTP/1.1 200 OK", b"X: a\rb"),
    "folded line": answer(b"HTTP/1.1 200 OK", b"X: 1", b" 2"),
    "space before the colon": answer(b"HTTP/1.1 200 OK", b"X : 1"),
    "no colon": answer(b"HTTP/1.1 200 OK", b"X"),
    "brackets in name": answer(b"HTTP/1.1 200 OK", b"X(A): 1"),
    "empty name": answer(b"HTTP/1.1 200 OK", b": 1"),
    "name above 0x7f": answer(b"HTTP/1.1 200 OK", b"X\xe9: 1"),
    "control byte in value": answer(b"HTTP/1.1 200 OK", b"X: a\x01b"),
    "carriage returns alone": b"HTTP/1.1 200 OK\rContent-Length: 0\r\r" + b"\r\n\r\n",
    "space before the status line": b" " + OK,
    "two spaces before the status": answer(b"HTTP/1.1  200 OK"),
    "control byte in the reason": answer(b"HTTP/1.1 200 O\x01K"),
    "status 000": answer(b"HTTP/1.1 000 Zero"),
    "status in letters": answer(b"HTTP/1.1 2xx OK"),
    "status 99": answer(b"HTTP/1.1 99 Low"),
    "status 600": answer(b"HTTP/1.1 600 High"),
    "status 2000": answer(b"HTTP/1.1 2000 Long"),
    "HTTP/2": answer(b"HTTP/2 200 OK"),
    "TLS": b"\x15\x03\x01\x00\x02\x02\x28" + b"\r\n\r\n",
    "HTTP/0.9": b"hello there, no header\r\n\r\n",
    "switch that nobody asked for": answer(b"HTTP/1.1 101 Switching", b"Upgrade: websocket", b"Connection: upgrade"),
    "1,000 interim answers": answer(b"HTTP/1.1 103 Early Hints", b"Link: </a>") * 1000 + OK,
}


@each_delivery
@pytest.mark.parametrize("bad", INVALID.values(), ids=INVALID.keys())
async def test_an_answer_that_is_not_strictly_valid_becomes_502(bad: bytes, delivery: str) -> None:
    script = delivering(bad, delivery)
    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(GET)
        final = data[data.index(b"HTTP/1.1 502 ") :]
        assert parse_answer(final).fields["x-ingressd-reason"] == "upstream_invalid"
        assert data.count(b"HTTP/1.1 103") <= 10


CUT_SHORT: dict[str, bytes] = {
    "5 bytes of 10": answer(b"HTTP/1.1 200 OK", b"Content-Length: 10", body=b"hello"),
    "no last chunk": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n"),
    "bad first chunk": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"Z\r\n"),
    "bad trailer": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"0\r\nX\r\n\r\n"),
    "no end of the trailers": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"0\r\nX: 1\r\n"),
    "bad chunk": answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\nZ\r\n"),
}


@pytest.mark.parametrize("bad", CUT_SHORT.values(), ids=CUT_SHORT.keys())
async def test_an_answer_cut_short_does_not_look_whole(bad: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        head_end = bad.index(b"\r\n\r\n") + 4
        writer.write(bad[:head_end])
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(bad[head_end:])
        await writer.drain()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(GET, half_close=False)
        assert b"HTTP/1.1 200 OK" in data
        assert not data.endswith(b"0\r\n\r\n")
        body = data.partition(b"\r\n\r\n")[2]
        assert len(body) < 10 or b"Transfer-Encoding: chunked" in data
        assert [record.reason for record in proxy.records] in (["upstream_closed"], ["upstream_invalid"])


ACCEPTED: dict[str, tuple[bytes, bytes]] = {
    "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok"),
    "two equal lengths": (answer(b"HTTP/1.1 200 OK", b"Content-Length: 2", b"Content-Length: 2", body=b"ok"), b"ok"),
    "100 first": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
    "no reason phrase": (answer(b"HTTP/1.1 200", b"Content-Length: 2", body=b"ok"), b"ok"),
    "chunked": (
        answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"1;x=y\r\no\r\n1\r\nk\r\n0\r\nX: 1\r\n\r\n"),
        b"ok",
    ),
    "204 with a body": (answer(b"HTTP/1.1 204 No Content", body=b"junk"), b""),
    "chunked, with trailers that nobody asked for": (
        answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n"),
        b"ok",
    ),
    "length with zeros": (answer(b"HTTP/1.1 200 OK", b"Content-Length: 002", body=b"ok"), b"ok"),
    "304 with a length": (answer(b"HTTP/1.1 304 Not Modified", b"Content-Length: 10"), b""),
}


@each_delivery
@pytest.mark.parametrize(("good", "body"), ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_what_upstreams_may_send_arrives(good: bytes, body: bytes, delivery: str) -> None:
    script = delivering(good, delivery)
    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        parsed = parse_answer(await proxy.send(GET))
        assert parsed.status in (200, 204, 304)
        assert parsed.body == body


async def test_a_bad_chunk_that_comes_with_its_header_becomes_502() -> None:
    bad = answer(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", body=b"Z\r\nhello\r\n0\r\n\r\n")
    async with recording_upstream(answering(bad)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(GET)).status == 502


@each_delivery
async def test_an_answer_until_the_end_is_chunked_for_http_1_1_and_closed_for_http_1_0(delivery: str) -> None:
    unframed = b"HTTP/1.1 200 OK\r\n\r\nhello"
    async with (
        recording_upstream(delivering(unframed, delivery, close=True)) as upstream,
        serving(table_for([upstream.endpoint])) as proxy,
    ):
        new = await proxy.send(GET)
        assert b"Transfer-Encoding: chunked" in new
        assert parse_answer(new).body == b"hello"
        old = await proxy.send(b"GET / HTTP/1.0\r\n\r\n", half_close=False)
        assert b"Transfer-Encoding" not in old
        assert b"Connection: close" in old
        assert old.endswith(b"\r\n\r\nhello")


async def test_a_second_answer_behind_the_first_is_never_given_to_the_next_request() -> None:
    poisoned = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"
    async with recording_upstream(answering(poisoned)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = b"".join([await proxy.send(GET * 5) for _ in range(20)])
        assert data.count(b"HTTP/1.1 200 OK") == 100
        assert b"POISON" not in data
        assert len(upstream.connections) == 100


async def test_hop_by_hop_fields_of_an_answer_stay_here() -> None:
    good = answer(
        b"HTTP/1.1 200 OK",
        b"Content-Length: 2",
        b"Connection: keep-alive, X-Hop",
        b"Keep-Alive: timeout=5",
        b"X-Hop: 1",
        b"Upgrade: h2c",
        b"X-End: caf\xe9",
        body=b"ok",
    )
    async with recording_upstream(answering(good)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(GET)
        assert b"X-End: caf\xe9\r\n" in data
        for name in (b"X-Hop", b"Keep-Alive", b"Upgrade", b"keep-alive"):
            assert name not in data


async def test_a_head_that_never_ends_becomes_504() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await reader.read()

    async with (
        recording_upstream(script) as upstream,
        serving(table_for([upstream.endpoint], timeouts=Timeouts(response_head=0.2))) as proxy,
    ):
        parsed = parse_answer(await proxy.send(GET))
        assert parsed.status == 504
        assert parsed.fields["x-ingressd-reason"] == "upstream_timeout"


@each_delivery
async def test_interim_answers_pass_in_order_and_100_does_not(delivery: str) -> None:
    hint = answer(b"HTTP/1.1 103 Early Hints", b"Link: </a>")
    message = hint + b"HTTP/1.1 100 Continue\r\n\r\n" + hint * 9 + OK
    script = delivering(message, delivery)
    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(GET)
        assert data.startswith(hint * 9 + b"HTTP/1.1 502 "), "100 counts, too"
        script = delivering(message.replace(hint, b"", 1), delivery)
    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert (await proxy.send(GET)).startswith(hint * 9 + b"HTTP/1.1 200 OK\r\n")
        assert (await proxy.send(b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")


@each_delivery
async def test_an_answer_before_the_end_of_the_body_is_read_whole_and_ends_both_connections(delivery: str) -> None:
    """The client goes on sending for a while: its unread bytes must not reset what it has still to read."""

    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces_of(answer(b"HTTP/1.1 413 No", b"Content-Length: 5", body=b"small"), delivery):
            writer.write(piece)
            await asyncio.sleep(0)
        await reader.read()

    async with recording_upstream(impatient) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nstart")
        while not proxy.records:
            await asyncio.sleep(0.01)
        for _ in range(10):
            writer.write(b"x" * 1000)
            await writer.drain()
            await asyncio.sleep(0)
        parsed = parse_answer(await reader.read())
        assert (parsed.status, parsed.fields["connection"], parsed.body) == (413, "close", b"small")
        while upstream.closed < 1:
            await asyncio.sleep(0.01)
        writer.close()


@each_delivery
@pytest.mark.parametrize("switch", [b"h2c", b"websocket, h2c", b""], ids=["another", "two", "none"])
async def test_a_switch_to_what_was_not_asked_for_becomes_502(switch: bytes, delivery: str) -> None:
    bad = answer(b"HTTP/1.1 101 Switching", b"Connection: upgrade", b"Upgrade: " + switch, body=b"early")
    upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nheld"
    script = delivering(bad, delivery)
    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        parsed = parse_answer(await proxy.send(upgrade))
        assert (parsed.status, parsed.fields["x-ingressd-reason"]) == (502, "upstream_invalid")
        assert b"held" not in upstream.received
