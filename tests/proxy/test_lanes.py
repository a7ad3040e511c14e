"""Both lanes give the same bytes to the upstream and the same answer to the client."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingressd.policies.program import Program
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.programs import Handler, Programs
from ingressd.settings import LaneName
from tests.support.proxying import ServingProxy, serving, table_for
from tests.support.upstream import RecordingUpstream, read_message, recording_upstream

TOKEN = st.text("!#$%&'*+-.^`|~0123456789abcxyzABCXYZ", min_size=1, max_size=8).map(str.encode)
VALUE = st.binary(max_size=12).map(lambda data: bytes(byte for byte in data if byte >= 0x21 and byte != 0x7F))
FRAMING = {b"content-length", b"transfer-encoding", b"host", b"expect", b"upgrade", b"connection", b"te", b"trailer"}
KNOWN = (
    b"Connection: keep-alive",
    b"Connection: close",
    b"connection: X-Named, keep-alive",
    b"X-Named: 1",
    b"Keep-Alive: timeout=5",
    b"X-Forwarded-For: 6.6.6.6",
    b"x-REAL-ip: 6.6.6.6",
    b"X_Under: 1",
    b"Proxy: evil",
    b"TE: trailers",
    b"Server: other",
    b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
    b"Set-Cookie: a=1",
    b"Set-Cookie: b_=2",
    b"Accept: application/json",
    b"Upgrade: h2c",
)
FIELDS = st.lists(
    st.sampled_from(KNOWN)
    | st.tuples(TOKEN.filter(lambda name: name.lower() not in FRAMING), VALUE).map(lambda pair: b"%b: %b" % pair),
    max_size=6,
)
BODY = st.lists(st.binary(min_size=1, max_size=40), max_size=3)


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method = draw(st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS"]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"]))
    target = draw(st.sampled_from([b"/", b"/a/../b?c=%7e", b"http://a/x", b"//x/%2f"]))
    lines = [b"%b %b HTTP/%b" % (method, target, version), b"Host: a", *draw(FIELDS), b"X-Request-ID: same"]
    pieces, coding = draw(BODY), draw(st.sampled_from(["none", "length", "chunked"]))
    body = b""
    if coding == "length":
        body = b"".join(pieces)
        lines.append(b"Content-Length: %d" % len(body))
    elif coding == "chunked" and version == b"1.1":
        body = chunked(pieces)
        lines.append(b"Transfer-Encoding: chunked")
    return b"\r\n".join([*lines, b"", b""]) + body


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bool]:
    """The bytes of an answer, and whether the connection ends behind it."""
    status = draw(st.sampled_from([b"200 OK", b"200", b"204 None", b"304 Same", b"404 D\xe9j\xe0", b"500 No"]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.0"]))
    interim = draw(st.sampled_from([b"", b"", b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n"]))
    lines = [b"HTTP/%b %b" % (version, status), *draw(FIELDS)]
    pieces, coding = draw(BODY), draw(st.sampled_from(["end", "length", "length", "chunked"]))
    if status[:3] in (b"204", b"304"):
        pieces, coding = [], "none"
    body = b"".join(pieces)
    if coding == "length":
        lines.append(b"Content-Length: %d" % len(body))
    elif coding == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
        body = chunked(pieces)
    return interim + b"\r\n".join([*lines, b"", b""]) + body, coding == "end"


class Scripted:
    """An upstream whose next answer the test sets."""

    def __init__(self) -> None:
        self.answer = b""
        self.close = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_message(reader)
            writer.write(head_of(self.answer) if head.startswith(b"HEAD ") else self.answer)
            if self.close:
                await writer.drain()
                return


def head_of(answer: bytes) -> bytes:
    """Return the interim and final heads without the body."""
    end = answer.index(b"\r\n\r\n") + 4
    return answer[:end] + head_of(answer[end:]) if answer.startswith(b"HTTP/1.1 103") else answer[:end]


class TwoLanes:
    """``coded`` is a proxy whose requests pass a middleware, which writes every header field anew and changes none."""

    def __init__(
        self,
        script: Scripted,
        upstream: RecordingUpstream,
        proxies: dict[LaneName, ServingProxy],
        coded: ServingProxy,
    ) -> None:
        self.coded = coded
        self.script = script
        self.upstream = upstream
        self.proxies = proxies

    async def outcome(
        self, proxy: ServingProxy, request: bytes
    ) -> tuple[bytes, bytes, list[tuple[int, str, int, int]]]:
        """Return what the upstream got, what the client got, and what was recorded."""
        self.upstream.connections.clear()
        proxy.records.clear()
        answered = await proxy.send(request)
        seen = [(record.status, record.reason, record.bytes_sent, record.bytes_received) for record in proxy.records]
        dated = re.sub(rb"\r\nDate: \w{3}, [^\r]+ GMT\r\n", b"\r\nDate: now\r\n", answered)
        received = self.upstream.received.replace(b"X-Forwarded-Port: %d\r\n" % proxy.port, b"")
        return received, dated, seen


@contextlib.asynccontextmanager
async def two_lanes() -> AsyncIterator[TwoLanes]:
    script = Scripted()
    async with contextlib.AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(recording_upstream(script))
        table = table_for([upstream.endpoint])
        proxies = {lane: await stack.enter_async_context(serving(table, lane=lane)) for lane in LaneName}
        code = Programs((), {"rewrite": write_anew})
        coded = await stack.enter_async_context(
            serving(table_for([upstream.endpoint], program=Program(("rewrite",))), lane=LaneName.RELAY, programs=code)
        )
        yield TwoLanes(script, upstream, proxies, coded)


@web.middleware
async def write_anew(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request.clone(headers=list(request.headers.items())))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(requests(), answers()), min_size=1, max_size=12))
def test_random_requests_and_answers_pass_alike(exchanges: list[tuple[bytes, tuple[bytes, bool]]]) -> None:
    async def compare() -> None:
        async with two_lanes() as lanes:
            for request, (answer, close) in exchanges:
                lanes.script.answer, lanes.script.close = answer, close
                relayed = await lanes.outcome(lanes.proxies[LaneName.RELAY], request)
                handled = await lanes.outcome(lanes.proxies[LaneName.AIOHTTP], request)
                assert spelt_alike(relayed[1]) == spelt_alike(handled[1])
                assert (relayed[0], relayed[2]) == (handled[0], handled[2])
                coded = await lanes.outcome(lanes.coded, request)
                assert (spelt_alike(coded[0]), spelt_alike(coded[1])) == (
                    spelt_alike(relayed[0]),
                    spelt_alike(relayed[1]),
                )
                assert coded[2] == relayed[2]

    asyncio.run(compare())


def spelt_alike(answer: bytes) -> bytes:
    """Without the white space around field values, which means nothing (RFC 9110 section 5.5)."""
    return re.sub(rb"(\r\n[^:\r\n ]+:)[ \t]*", rb"\1 ", answer)


@pytest.mark.parametrize("lane", list(LaneName))
async def test_only_the_aiohttp_lane_makes_an_aiohttp_handler(lane: LaneName) -> None:
    async with two_lanes() as lanes:
        lanes.script.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        proxy = lanes.proxies[lane]
        reader, writer = await proxy.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        [connection] = proxy.proxy.connections
        assert isinstance(connection, ClientConnection)
        assert (connection.attachment is None) == (lane is LaneName.RELAY)
        writer.close()
