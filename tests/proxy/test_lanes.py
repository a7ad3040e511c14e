"""Both lanes give the same bytes to the upstream and the same answer to the client."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingressd.policies.program import Program
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.programs import Handler, Programs
from ingressd.settings import LaneName
from tests.support.proxying import ServingProxy, serving, table_for
from tests.support.upstream import RecordingUpstream, recording_upstream

TOKEN = st.text("!#$%&'*+-.^`|~0123456789abcxyzABCXYZ", min_size=1, max_size=8).map(str.encode)
VALUE = st.binary(max_size=12).map(lambda data: bytes(byte for byte in data if byte >= 0x21 and byte != 0x7F))
FRAMING = {b"content-length", b"transfer-encoding", b"host", b"expect", b"upgrade", b"connection", b"te", b"trailer"}
KNOWN = (
    b"Connection: keep-alive",
    b"connection: X-Named, keep-alive",
    b"X-Named: 1",
    b"Keep-Alive: timeout=5",
    b"X-Forwarded-For: 6.6.6.6",
    b"x-REAL-ip: 6.6.6.6",
    b"X_Under: 1",
    b"Proxy: evil",
    b"TE: trailers",
    b"Connection: TE",
    b"Trailer: X-End",
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
CUTS = st.lists(st.integers(0, 10_000), max_size=4)
EXTENSION = st.sampled_from([b"", b"", b";a", b";a=b", b';a="b;c"', b"; x = y"])
TRAILERS = st.lists(st.sampled_from([b"Grpc-Status: 0", b"X-End: \xe9", b"Host: b", b"Content-Length: 9"]), max_size=3)
HINTS = b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Answer(NamedTuple):
    """``close``: the connection ends behind it."""

    pieces: list[bytes]
    close: bool


class Request(NamedTuple):
    """``early``: the client sends only a part of the body, which is not empty, and the endpoint answers that."""

    message: bytes
    early: bool
    answer: Answer


class Sequence(NamedTuple):
    """What a client sends on one connection."""

    requests: list[Request]
    pieces: list[bytes]


def cut(message: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(message), *(place % len(message) for place in cuts)})
    return [message[begin:end] for begin, end in itertools.pairwise(edges)]


@st.composite
def chunked(draw: st.DrawFn, pieces: list[bytes]) -> bytes:
    chunks = [b"%x%b\r\n%b\r\n" % (len(piece), draw(EXTENSION), piece) for piece in pieces]
    trailers = [b"%b\r\n" % line for line in draw(TRAILERS)]
    return b"".join([*chunks, b"0%b\r\n" % draw(EXTENSION), *trailers, b"\r\n"])


@st.composite
def requests(draw: st.DrawFn, *, last: bool) -> Request:
    """Only the last request of a connection may end it: who sends more to a closed one may lose an answer."""
    method = draw(st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS"]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"])) if last else b"1.1"
    target = draw(st.sampled_from([b"/", b"/a/../b?c=%7e", b"http://a/x", b"//x/%2f"]))
    lines = [b"%b %b HTTP/%b" % (method, target, version), b"Host: a", *draw(FIELDS), b"X-Request-ID: same"]
    if last and draw(st.booleans()):
        lines.append(b"Connection: close")
    pieces, coding = draw(BODY), draw(st.sampled_from(["none", "length", "chunked"]))
    body, early = b"", False
    if coding == "length":
        body = b"".join(pieces)
        early = last and bool(body) and draw(st.booleans())
        lines.append(b"Content-Length: %d" % (len(body) + 5 * early))
    elif coding == "chunked" and version == b"1.1":
        early = last and bool(pieces) and draw(st.booleans())
        body = draw(chunked(pieces))
        if early:
            body = b"%x\r\n%b\r\n" % (len(pieces[0]), pieces[0])
        lines.append(b"Transfer-Encoding: chunked")
    if body and draw(st.booleans()):
        lines.append(b"Expect: 100-continue")
    return Request(b"\r\n".join([*lines, b"", b""]) + body, early, draw(answers(method)))


@st.composite
def answers(draw: st.DrawFn, method: bytes) -> Answer:
    status = draw(st.sampled_from([b"200 OK", b"200", b"204 None", b"304 Same", b"404 D\xe9j\xe0", b"500 No"]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.0"]))
    interim = b"".join(draw(st.lists(st.sampled_from([HINTS, CONTINUE]), max_size=2)))
    lines = [b"HTTP/%b %b" % (version, status), *draw(FIELDS)]
    if draw(st.booleans()):
        lines.append(b"Connection: close")
    pieces, coding = draw(BODY), draw(st.sampled_from(["end", "length", "length", "chunked"]))
    body, close = b"".join(pieces), coding == "end"
    if status.startswith(b"204"):
        coding = "none"
    if coding == "length":
        lines.append(b"Content-Length: %d" % len(body))
    elif coding == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
        body = draw(chunked(pieces))
    if method == b"HEAD" or status[:3] in (b"204", b"304"):
        body, close = b"", False
    return Answer(cut(interim + b"\r\n".join([*lines, b"", b""]) + body, draw(CUTS)), close)


@st.composite
def sequences(draw: st.DrawFn) -> Sequence:
    ahead = draw(st.integers(0, 3))
    asked = [draw(requests(last=number == ahead)) for number in range(ahead + 1)]
    whole = b"".join(request.message for request in asked)
    # How much of a body has come when it is answered must not be left to chance.
    cuts = [] if asked[-1].early else draw(CUTS)
    return Sequence(asked, cut(whole, cuts))


class Scripted:
    """An upstream whose next answers the test sets."""

    def __init__(self) -> None:
        self.script: list[Request] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            request = self.script.pop(0)
            if request.early:
                await reader.readexactly(1)
            else:
                await read_body(head, reader)
            for piece in request.answer.pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if request.answer.close:
                return
            if request.early:
                await reader.read()


async def read_body(head: bytes, reader: asyncio.StreamReader) -> None:
    """Read the body behind ``head``, and keep nothing of it."""
    length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
    if length:
        await reader.readexactly(int(length[1]))
    elif b"\r\nTransfer-Encoding: chunked\r\n" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)


class Message(NamedTuple):
    """How a body was cut into chunks means nothing, so it is joined. ``rest`` is what stood behind it."""

    head: bytes
    body: bytes
    rest: bytes


def messages(data: bytes, methods: list[bytes]) -> list[Message]:
    """Take apart the messages in ``data``: answers to ``methods``, or requests where there are none."""
    found, asked = [], iter(methods)
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        head += b"\r\n"
        body = rest = b""
        status = re.match(rb"HTTP/1.1 (\d\d\d)", head)
        interim = status is not None and status[1].startswith(b"1")
        empty = status is not None and (interim or next(asked) == b"HEAD" or status[1] in (b"204", b"304"))
        length = re.search(rb"\r\nContent-Length: *(\d+)\r\n", head, re.IGNORECASE)
        if empty:
            pass
        elif b"\r\nTransfer-Encoding: chunked\r\n" in head:
            while data:
                line, _, data = data.partition(b"\r\n")
                if line == b"0":
                    rest, end, data = (b"\r\n" + data).partition(b"\r\n\r\n")
                    assert end
                    break
                body, data = body + data[: int(line, 16)], data[int(line, 16) + 2 :]
        elif length:
            body, data = data[: int(length[1])], data[int(length[1]) :]
        elif status is not None:
            body, data = data, b""
        found.append(Message(head, body, rest))
    return found


class Outcome(NamedTuple):
    """What the upstream got, what the client got, what was recorded, and how many requests never came."""

    received: list[Message]
    answered: list[Message]
    recorded: list[tuple[int, str, int, int]]
    left: int


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

    async def outcome(self, proxy: ServingProxy, sequence: Sequence) -> Outcome:
        early = sequence.requests[-1].early
        self.upstream.connections.clear()
        self.script.script = list(sequence.requests)
        proxy.records.clear()
        answered = await proxy.send(*sequence.pieces, half_close=not early)
        dated = re.sub(rb"\r\nDate: \w{3}, [^\r]+ GMT\r\n", b"\r\nDate: now\r\n", answered)
        # Whether the body has begun when its head is read is up to chance.
        methods = [request.message.partition(b" ")[0] for request in sequence.requests]
        answers = [message for message in messages(dated, methods) if not message.head.startswith(CONTINUE[:-4])]
        received = [bytes(data).replace(b"X-Forwarded-Port: %d\r\n" % proxy.port, b"") for data in self.connections]
        return Outcome(
            # How much of a body was read that was answered early is up to chance.
            received=sorted(
                message._replace(body=b"", rest=b"") if early else message
                for data in received
                for message in messages(data, [])
            ),
            answered=[message._replace(head=spelt_alike(message.head)) for message in answers],
            recorded=[
                (record.status, record.reason, record.bytes_sent, record.bytes_received) for record in proxy.records
            ],
            left=len(self.script.script),
        )

    @property
    def connections(self) -> list[bytearray]:
        return self.upstream.connections


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
@given(st.lists(sequences(), min_size=1, max_size=8))
def test_random_requests_and_answers_pass_alike(drawn: list[Sequence]) -> None:
    async def compare() -> None:
        async with two_lanes() as lanes:
            for sequence in drawn:
                relayed = await lanes.outcome(lanes.proxies[LaneName.RELAY], sequence)
                handled = await lanes.outcome(lanes.proxies[LaneName.AIOHTTP], sequence)
                coded = await lanes.outcome(lanes.coded, sequence)
                assert relayed == handled
                assert received_alike(relayed) == received_alike(coded)
                assert relayed.left == 0
                assert [reason for _, reason, _, _ in relayed.recorded] == [""] * len(sequence.requests)

    asyncio.run(compare())


def received_alike(outcome: Outcome) -> Outcome:
    """With the fields that the upstream got spelt alike."""
    received = [message._replace(head=spelt_alike(message.head)) for message in outcome.received]
    return outcome._replace(received=sorted(received))


def spelt_alike(head: bytes) -> bytes:
    """Without the white space around field values, and without the order of fields with different names, which mean
    nothing (RFC 9110 sections 5.3 and 5.5)."""
    first_line, *lines = re.sub(rb"(\r\n[^:\r\n ]+:)[ \t]*", rb"\1 ", head).split(b"\r\n")
    return b"\r\n".join([first_line, *sorted(lines, key=lambda line: line.partition(b":")[0].lower())])


@pytest.mark.parametrize("lane", list(LaneName))
async def test_only_the_aiohttp_lane_makes_an_aiohttp_handler(lane: LaneName) -> None:
    async with two_lanes() as lanes:
        lanes.script.script = [Request(b"", False, Answer([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], False))]
        proxy = lanes.proxies[lane]
        reader, writer = await proxy.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        [connection] = proxy.proxy._connections
        assert isinstance(connection, ClientConnection)
        assert (connection.attachment is None) == (lane is LaneName.RELAY)
        writer.close()
