"""Hostile and broken requests, as bytes on a socket: each is refused, and the upstream hears nothing of it."""

from __future__ import annotations

import re

import pytest

from tests.support.deliveries import each_delivery, pieces_of
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import recording_upstream

pytestmark = pytest.mark.usefixtures("each_lane")


def get(line: bytes = b"GET / HTTP/1.1", *fields: bytes, host: bytes | None = b"Host: a") -> bytes:
    lines = [line, *([host] if host is not None else []), *fields, b"", b""]
    return b"\r\n".join(lines)


def post(*fields: bytes, body: bytes = b"") -> bytes:
    return get(b"POST / HTTP/1.1", *fields) + body


REQUEST_LINES: dict[str, tuple[bytes, int]] = {
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "three empty lines first": (b"\r\n\r\n\r\n" + get(), 400),
    "HTTP/9.9": (get(b"GET / HTTP/9.9"), 505),
    "HTTP/2 in clear text": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "two spaces": (get(b"GET  / HTTP/1.1"), 400),
    "tab": (get(b"GET\t/ HTTP/1.1"), 400),
    "no target": (get(b"GET HTTP/1.1"), 400),
    "space in target": (get(b"GET /a b HTTP/1.1"), 400),
    "fragment": (get(b"GET /a#b HTTP/1.1"), 400),
    "NUL in target": (get(b"GET /a\x00b HTTP/1.1"), 400),
    "byte above 0x7f in target": (get(b"GET /caf\xc3\xa9 HTTP/1.1"), 400),
    "overlong UTF-8 in target": (get(b"GET /\xc0\xaf HTTP/1.1"), 400),
    "backslash in path": (get(b"GET /a\\b HTTP/1.1"), 400),
    "line feed alone after the request line": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    "line feeds alone": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "carriage returns alone": (b"GET / HTTP/1.1\rHost: a\r\r", 400),
    "long target": (get(b"GET /" + b"a" * 100_000 + b" HTTP/1.1"), 414),
    "target over the limit of a line": (get(b"GET /" + b"a" * 9_000 + b" HTTP/1.1"), 414),
    "long target that never ends": (b"GET /" + b"a" * 9_000, 414),
    "long method": (get(b"G" * 100_000 + b" / HTTP/1.1"), 400),
    "method in lower case": (get(b"get / HTTP/1.1"), 400),
    "unknown method": (get(b"FROBNICATE / HTTP/1.1"), 400),
    "TRACE": (get(b"TRACE / HTTP/1.1"), 405),
    "CONNECT": (get(b"CONNECT a:80 HTTP/1.1"), 405),
    "CONNECT with a path": (get(b"CONNECT / HTTP/1.1"), 405),
    "asterisk for GET": (get(b"GET * HTTP/1.1"), 400),
    "absolute target for another host": (get(b"GET http://b/ HTTP/1.1"), 400),
    "broken escape": (get(b"GET /%zz HTTP/1.1"), 400),
    "escape cut short": (get(b"GET /a% HTTP/1.1"), 400),
    "above the root": (get(b"GET /../a HTTP/1.1"), 400),
    "above the root, escaped": (get(b"GET /%2e%2e/a HTTP/1.1"), 400),
}

HOSTS: dict[str, tuple[bytes, int]] = {
    "none": (get(host=None), 400),
    "two different": (get(b"GET / HTTP/1.1", b"Host: b"), 400),
    "two equal": (get(b"GET / HTTP/1.1", b"Host: a"), 400),
    "list": (get(host=b"Host: a, b"), 400),
    "user": (get(host=b"Host: u@a"), 400),
    "path": (get(host=b"Host: a/b"), 400),
    "empty": (get(host=b"Host:"), 400),
    "colon without port": (get(host=b"Host: a:"), 400),
    "port above 65535": (get(host=b"Host: a:65536"), 400),
    "port with a sign": (get(host=b"Host: a:+80"), 400),
    "control byte": (get(host=b"Host: a\x01"), 400),
    "port in letters": (get(host=b"Host: a:http"), 400),
    "space inside": (get(host=b"Host: a b"), 400),
    "byte above 0x7f": (get(host=b"Host: caf\xe9"), 400),
    "broken IPv6": (get(host=b"Host: [::1"), 400),
}

FIELDS: dict[str, tuple[bytes, int]] = {
    "space before the colon": (get(b"GET / HTTP/1.1", b"X : 1"), 400),
    "folded line": (get(b"GET / HTTP/1.1", b"X: 1", b" 2"), 400),
    "space before the first field": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "empty name": (get(b"GET / HTTP/1.1", b": 1"), 400),
    "no colon": (get(b"GET / HTTP/1.1", b"X"), 400),
    "brackets in name": (get(b"GET / HTTP/1.1", b"X[]: 1"), 400),
    "name above 0x7f": (get(b"GET / HTTP/1.1", b"X\xe9: 1"), 400),
    "NUL in value": (get(b"GET / HTTP/1.1", b"X: a\x00b"), 400),
    "carriage return in value": (get(b"GET / HTTP/1.1", b"X: a\rb"), 400),
    "control byte in value": (get(b"GET / HTTP/1.1", b"X: a\x01b"), 400),
    "delete in value": (get(b"GET / HTTP/1.1", b"X: a\x7fb"), 400),
    "tab before the colon": (get(b"GET / HTTP/1.1", b"X\t: 1"), 400),
    "folded with a tab": (get(b"GET / HTTP/1.1", b"X: 1", b"\t2"), 400),
    "line that never ends": (b"GET / HTTP/1.1\r\nX: " + b"a" * 9_000, 431),
    "header that never ends": (b"GET / HTTP/1.1\r\n" + b"X: %b\r\n" % (b"a" * 8_000) * 5, 431),
    "long value": (get(b"GET / HTTP/1.1", b"X: " + b"a" * 100_000), 431),
    "long name": (get(b"GET / HTTP/1.1", b"X" * 100_000 + b": a"), 431),
    "value over the limit of a line": (get(b"GET / HTTP/1.1", b"X: " + b"a" * 9_000), 431),
    "10,000 fields": (get(b"GET / HTTP/1.1", *[b"X%d: 1" % number for number in range(10_000)]), 431),
    "101 fields": (get(b"GET / HTTP/1.1", *[b"X%d: 1" % number for number in range(100)]), 431),
}

FRAMING: dict[str, tuple[bytes, int]] = {
    "length and chunked": (post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "chunked and length": (post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"), 400),
    "two lengths": (post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello"), 400),
    "two equal lengths": (post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), 400),
    "list of lengths": (post(b"Content-Length: 5, 6", body=b"hello"), 400),
    "list of equal lengths": (post(b"Content-Length: 5, 5", body=b"hello"), 400),
    **{
        f"length {value!r}": (post(b"Content-Length: " + value, body=b"hello"), 400)
        for value in (b"+5", b"-0", b"-1", b"0x5", b"1_0", b"5 5", b"", b"9" * 20, b"\xb2")
    },
    **{
        f"coding {value!r}": (post(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n"), status)
        for value, status in (
            (b"xchunked", 501),
            (b"gzip, chunked", 501),
            (b"identity", 501),
            (b"chunked, gzip", 400),
            (b"chunked, chunked", 400),
            (b",chunked", 400),
            (b"chunked,", 400),
            (b"chunked;a=b", 400),
            (b"", 400),
            (b"\x0bchunked", 400),
            (b"\x0cchunked", 400),
            (b"chunked\x00", 400),
        )
    },
    "two codings": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "chunked in HTTP/1.0": (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "upgrade with a body": (
        get(b"GET / HTTP/1.1", b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: 2") + b"hi",
        400,
    ),
    "upgrade with a chunked body": (
        get(b"GET / HTTP/1.1", b"Connection: upgrade", b"Upgrade: websocket", b"Transfer-Encoding: chunked")
        + b"0\r\n\r\n",
        400,
    ),
    "other expectation": (post(b"Expect: 200-ok", b"Content-Length: 0"), 417),
}

CHUNK_LINES: dict[str, bytes] = {
    "size 0x5": b"0x5\r\nhello\r\n0\r\n\r\n",
    "size +5": b"+5\r\nhello\r\n0\r\n\r\n",
    "size -1": b"-1\r\nhello\r\n0\r\n\r\n",
    "size 1_0": b"1_0\r\nhello\r\n0\r\n\r\n",
    "space before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "space behind the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "size that is missing": b"\r\nhello\r\n0\r\n\r\n",
    "size ended by LF": b"5\nhello\r\n0\r\n\r\n",
    "size ended by CR": b"5\rhello\r\n0\r\n\r\n",
    "16 digits": b"0000000000000005\r\nhello\r\n0\r\n\r\n",
    "17 digits": b"FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n",
    "empty extension": b"5;\r\nhello\r\n0\r\n\r\n",
    "NUL in extension": b"5;a\x00=b\r\nhello\r\n0\r\n\r\n",
    "bad token in extension": b"5;a[]=b\r\nhello\r\n0\r\n\r\n",
    "carriage return in extension": b"5;a=\rb\r\nhello\r\n0\r\n\r\n",
    "extension ended by LF": b"5;a=b\nhello\r\n0\r\n\r\n",
    "extension of 64 KB": b"5;a=" + b"b" * 65_536 + b"\r\nhello\r\n0\r\n\r\n",
    "trailer without colon": b"0\r\nX\r\n\r\n",
    "trailer folded": b"0\r\nX: 1\r\n 2\r\n\r\n",
    "trailers of 64 KB": b"0\r\nX: " + b"a" * 65_536 + b"\r\n\r\n",
    "100 trailers": b"0\r\n" + b"X: 1\r\n" * 100 + b"\r\n",
}
"""Wrong before a byte of the body: nothing reaches the upstream."""

CHUNK_ENDS: dict[str, bytes] = {
    "data without CRLF": b"5\r\nhello0\r\n\r\n",
    "data ended by LF": b"5\r\nhello\n0\r\n\r\n",
    "data ended by CR": b"5\r\nhello\r0\r\n\r\n",
    "data ended by other bytes": b"5\r\nhelloXX0\r\n\r\n",
    "second size +5": b"1\r\nh\r\n+5\r\nhello\r\n0\r\n\r\n",
}
"""Wrong behind some of the body, which may be on its way: its request never completes."""

REFUSED = {
    f"{group}: {name}": case
    for group, cases in (
        ("request line", REQUEST_LINES),
        ("host", HOSTS),
        ("field", FIELDS),
        ("framing", FRAMING),
    )
    for name, case in cases.items()
}


@each_delivery
@pytest.mark.parametrize(("request_bytes", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_request_that_is_not_strictly_valid_reaches_nobody(
    request_bytes: bytes, status: int, delivery: str
) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(*pieces_of(request_bytes, delivery))
        answer = parse_answer(data)
        assert answer.status == status
        assert answer.fields["connection"] == "close"
        assert answer.fields["x-ingressd-reason"]
        assert upstream.received == b""


@each_delivery
@pytest.mark.parametrize("body", CHUNK_LINES.values(), ids=CHUNK_LINES.keys())
async def test_a_body_that_is_badly_framed_from_its_start_reaches_nobody(body: bytes, delivery: str) -> None:
    request_bytes = post(b"Transfer-Encoding: chunked", body=body)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        answer = parse_answer(await proxy.send(*pieces_of(request_bytes, delivery)))
        assert answer.status == 400
        assert answer.fields["connection"] == "close"
        assert answer.fields["x-ingressd-reason"] == "malformed_body"
        assert upstream.received == b""


@each_delivery
@pytest.mark.parametrize("body", CHUNK_ENDS.values(), ids=CHUNK_ENDS.keys())
async def test_a_badly_framed_body_is_refused_and_its_request_never_completes(body: bytes, delivery: str) -> None:
    request_bytes = post(b"Transfer-Encoding: chunked", body=body)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        answer = parse_answer(await proxy.send(*pieces_of(request_bytes, delivery)))
        assert answer.status == 400
        assert answer.fields["x-ingressd-reason"] == "malformed_body"
        assert not upstream.received.endswith(b"0\r\n\r\n")


ACCEPTED: dict[str, tuple[bytes, bytes]] = {
    "one empty line first": (b"\r\n" + get(), b"GET / HTTP/1.1"),
    "two empty lines first": (b"\r\n\r\n" + get(), b"GET / HTTP/1.1"),
    "absolute target for the same host": (get(b"GET http://A:80/x?y HTTP/1.1", host=b"Host: a:80"), b"GET /x?y "),
    "HTTP/1.2 as HTTP/1.1": (get(b"GET / HTTP/1.2"), b"GET / HTTP/1.1"),
    "no host in HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1"),
    "port in the host": (get(host=b"Host: h:8080"), b"Host: h:8080\r\n"),
    "IPv6 host": (get(host=b"Host: [::1]:80"), b"Host: [::1]:80\r\n"),
    "upper case and a dot at the end": (get(host=b"Host: EXAMPLE.com."), b"Host: EXAMPLE.com.\r\n"),
    "bytes above 0x7f in a value": (get(b"GET / HTTP/1.1", b"X: caf\xe9\x85\xa0"), b"X: caf\xe9\x85\xa0\r\n"),
    "dots and slashes": (get(b"GET /a/./b//../c HTTP/1.1"), b"GET /a/c HTTP"),
    "escapes in lower case": (get(b"GET /%2f%41 HTTP/1.1"), b"GET /%2FA HTTP"),
    "length with zeros": (post(b"Content-Length: 010", body=b"0123456789"), b"Content-Length: 10\r\n"),
    "coding in upper case": (
        post(b"Transfer-Encoding: Chunked ", body=b"0\r\n\r\n"),
        b"Transfer-Encoding: chunked\r\n",
    ),
    "chunk extension": (post(b"Transfer-Encoding: chunked", body=b"1;a=b\r\nh\r\n0\r\n\r\n"), b"\n1\r\nh\r\n0\r\n\r\n"),
    "Transfer_Encoding beside a length": (
        post(b"Transfer_Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    "a thousand chunks of one byte": (
        post(b"Transfer-Encoding: chunked", body=b"1\r\nh\r\n" * 1000 + b"0\r\n\r\n"),
        b"h\r\n0\r\n\r\n",
    ),
    "trailers": (post(b"Transfer-Encoding: chunked", body=b"1\r\nh\r\n0\r\nHost: b\r\n\r\n"), b"h\r\n0\r\n\r\n"),
    "GET with a body": (get(b"GET / HTTP/1.1", b"Content-Length: 2") + b"hi", b"\r\n\r\nhi"),
    "HEAD with a body": (get(b"HEAD / HTTP/1.1", b"Content-Length: 2") + b"hi", b"\r\n\r\nhi"),
    "OPTIONS with a body": (get(b"OPTIONS / HTTP/1.1", b"Content-Length: 2") + b"hi", b"\r\n\r\nhi"),
    "PATCH": (get(b"PATCH / HTTP/1.1"), b"PATCH / HTTP/1.1"),
    "PROPFIND": (get(b"PROPFIND / HTTP/1.1"), b"PROPFIND / HTTP/1.1"),
    "escapes that stay": (get(b"GET /a%2fb%5c%00%23%3f%3b HTTP/1.1"), b"GET /a%2Fb%5C%00%23%3F%3B HTTP"),
    "path parameters": (get(b"GET /a;x=1/..;/b HTTP/1.1"), b"GET /a;x=1/..;/b HTTP"),
    "1,000 ranges": (get(b"GET / HTTP/1.1", b"Range: bytes=" + b"0-0," * 1000 + b"1-1"), b"0-0,1-1\r\n"),
    "TE: trailers": (get(b"GET / HTTP/1.1", b"TE: gzip, trailers"), b"\r\nConnection: TE\r\nTE: trailers\r\n"),
    "websocket by POST": (
        get(b"POST / HTTP/1.1", b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: 2") + b"hi",
        b"\r\nHost: a\r\nContent-Length: 2\r\nX-Forwarded-Host: a\r\n",
    ),
    "websocket in HTTP/1.0": (
        get(b"GET / HTTP/1.0", b"Connection: upgrade", b"Upgrade: websocket"),
        b"GET / HTTP/1.1",
    ),
    "expectation in HTTP/1.0": (
        b"POST / HTTP/1.0\r\nHost: a\r\nExpect: x\r\nContent-Length: 2\r\n\r\nhi",
        b"\r\n\r\nhi",
    ),
    "websocket without Connection": (get(b"GET / HTTP/1.1", b"Upgrade: websocket"), b"GET / HTTP/1.1"),
}


@each_delivery
@pytest.mark.parametrize(("request_bytes", "seen"), ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_what_is_valid_is_forwarded_in_one_spelling(request_bytes: bytes, seen: bytes, delivery: str) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        answer = parse_answer(await proxy.send(*pieces_of(request_bytes, delivery)))
        assert answer.status == 200
        assert seen in upstream.received


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b"X_Real_IP: 6.6.6.6", b"x_real_ip"),
        (b"Transfer_Encoding: chunked", b"transfer_encoding"),
        (b"Proxy: http://evil", b"proxy:"),
        (b"Proxy-Connection: keep-alive", b"proxy-connection"),
        (b"Keep-Alive: timeout=5", b"keep-alive"),
        (b"TE: gzip", b"\nte:"),
        (b"Trailer: X-End", b"trailer"),
        (b"Proxy-Authorization: Basic x", b"proxy-authorization"),
        (b"Upgrade: h2c", b"upgrade"),
        (b"HTTP2-Settings: AAMAAABkAAQAAP__", b"http2-settings"),
        (b"Forwarded: for=6.6.6.6", b"6.6.6.6"),
        (b"X-Forwarded-For: 6.6.6.6", b"6.6.6.6"),
        (b"X-Real-IP: 6.6.6.6", b"6.6.6.6"),
        (b"X-Forwarded-Prefix: /admin", b"x-forwarded-prefix"),
    ],
)
async def test_fields_that_must_not_pass_do_not(field: bytes, name: bytes) -> None:
    request_bytes = get(b"GET / HTTP/1.1", b"Connection: keep-alive, upgrade, http2-settings", field)
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(request_bytes)).status == 200
        assert name not in upstream.received.lower()


async def test_connection_removes_the_fields_it_names_but_not_those_that_upstreams_rely_on() -> None:
    request_bytes = get(
        b"GET / HTTP/1.1",
        b"Connection: close, X-Forwarded-For, X-Secret, Host, Authorization, Cookie",
        b"X-Secret: s",
        b"Authorization: Basic x",
        b"Cookie: c=1",
    )
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(request_bytes)).status == 200
        seen = upstream.received
    assert b"X-Secret" not in seen
    assert b"X-Forwarded-For: 127.0.0.1\r\n" in seen
    assert b"Host: a\r\n" in seen
    assert b"Authorization: Basic x\r\n" in seen
    assert b"Cookie: c=1\r\n" in seen
    assert b"\r\nConnection" not in seen


@each_delivery
async def test_a_body_that_looks_like_a_request_is_a_body(delivery: str) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    first = get(b"GET /first HTTP/1.1", b"Content-Length: %d" % len(smuggled)) + smuggled
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(*pieces_of(first + get(b"GET /second HTTP/1.1"), delivery))
        assert data.count(b"HTTP/1.1 200 OK") == 2
        assert [record.target for record in proxy.records] == ["/first", "/second"]


@each_delivery
async def test_pipelined_requests_are_answered_in_order_and_bounded(delivery: str) -> None:
    requests = b"".join(get(b"GET /%d HTTP/1.1" % number) for number in range(100))
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(*pieces_of(requests, delivery))
        assert data.count(b"HTTP/1.1 200 OK") == 100
        assert [record.target for record in proxy.records] == [f"/{number}" for number in range(100)]


@each_delivery
async def test_a_refused_request_is_answered_after_the_requests_before_it(delivery: str) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        sequence = get(b"GET /1 HTTP/1.1") + b"BAD\r\n\r\n" + get(b"GET /2 HTTP/1.1")
        data = await proxy.send(*pieces_of(sequence, delivery))
        assert re.findall(rb"HTTP/1.1 (\d+)", data) == [b"200", b"400"]
        assert b"/2" not in upstream.received


@each_delivery
async def test_bytes_behind_a_request_that_closes_are_dropped(delivery: str) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        sequence = get(b"GET /1 HTTP/1.1", b"Connection: close") + get(b"GET /2 HTTP/1.1")
        data = await proxy.send(*pieces_of(sequence, delivery))
        # What is sent at a closed connection resets it, and can take the answer away from who sends it.
        assert data.count(b"HTTP/1.1 ") == 1 or delivery != "whole"
        assert [record.target for record in proxy.records] == ["/1"]
        assert b"/2" not in upstream.received


@each_delivery
async def test_options_asterisk_is_answered_here(delivery: str) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(*pieces_of(get(b"OPTIONS * HTTP/1.1"), delivery))).status == 204
        assert upstream.received == b""


@each_delivery
async def test_an_expectation_is_met_once_and_stays_here(delivery: str) -> None:
    request_bytes = post(b"Expect: 100-continue", b"Content-Length: 2")
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        reader, writer = await proxy.connect()
        for piece in pieces_of(request_bytes, delivery):
            writer.write(piece)
            await writer.drain()
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert upstream.connections == []
        writer.write(b"hi")
        writer.write_eof()
        assert parse_answer(await reader.read()).status == 200
        assert b"expect" not in upstream.received.lower()
        writer.close()


@each_delivery
async def test_nothing_behind_an_upgrade_is_sent_before_the_endpoint_agrees(delivery: str) -> None:
    request_bytes = get(b"GET / HTTP/1.1", b"Connection: upgrade", b"Upgrade: websocket")
    smuggled = get(b"GET /smuggled HTTP/1.1")
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(*pieces_of(request_bytes + smuggled, delivery))
        assert b"\r\nConnection: close\r\n" in data or delivery != "whole"
        assert b"/smuggled" not in upstream.received
        assert [record.target for record in proxy.records] == ["/"]


@each_delivery
async def test_a_half_closed_client_gets_every_answer(delivery: str) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        sequence = get(b"GET /1 HTTP/1.1") + post(b"Content-Length: 2", body=b"hi")
        data = await proxy.send(*pieces_of(sequence, delivery), half_close=True)
        assert data.count(b"HTTP/1.1 200 OK\r\n") == 2


@each_delivery
@pytest.mark.parametrize(
    "request_bytes",
    [b"GET / HTTP/1.1\r\nHost: a\r\n", post(b"Content-Length: 9", body=b"some")],
    ids=["head", "body"],
)
async def test_a_client_that_half_closes_inside_a_request_gets_no_answer_to_it(
    request_bytes: bytes, delivery: str
) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(*pieces_of(request_bytes, delivery))
        assert b"HTTP/1.1 200" not in data
        assert b"some\r\n" not in upstream.received
