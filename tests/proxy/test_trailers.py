"""Fields behind a chunked body: who gets which, however their bytes are split."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.proxy.framing import MAX_TRAILER_BYTES, MAX_TRAILERS, ChunkedReader, FramingError
from ingressd.proxy.trailers import NEVER_IN_TRAILERS, trailer_lines
from ingressd.settings import LaneName
from tests.support.proxying import parse_answer, serving, table_for
from tests.support.upstream import answering, read_message, recording_upstream

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
WANTED = b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n"
UPLOAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"


@pytest.mark.parametrize(
    ("request_head", "passes"),
    [
        (WANTED, True),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: gzip, Trailers\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTE: gzip\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers;q=0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n", False),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n", False),
    ],
)
@pytest.mark.usefixtures("each_lane")
async def test_an_answers_trailers_are_for_clients_that_take_them(request_head: bytes, passes: bool) -> None:
    body = b"" if request_head.startswith(b"HEAD") else b"2\r\nok\r\n0\r\nGrpc-Status: 0\r\nHost: b\r\n\r\n"
    answer = CHUNKED + b"Trailer: Grpc-Status, Host\r\n\r\n" + body
    async with recording_upstream(answering(answer)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(request_head)
        assert (b"\r\n0\r\nGrpc-Status: 0\r\n\r\n" in data) == passes
        assert passes or b"Grpc-Status" not in data
        assert b"Trailer:" not in data
        assert b"Host: b" not in data


@pytest.mark.usefixtures("each_lane")
async def test_the_endpoint_hears_that_trailers_are_taken_and_of_no_other_coding() -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        await proxy.send(b"GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5, trailers\r\nTE: deflate\r\n\r\n")
        assert b"\r\nConnection: TE\r\nTE: trailers\r\n" in upstream.received
        assert b"gzip" not in upstream.received
        assert b"deflate" not in upstream.received


@pytest.mark.usefixtures("each_lane")
async def test_where_connection_names_fields_no_trailer_passes() -> None:
    answer = CHUNKED + b"Connection: X-Hop\r\n\r\n2\r\nok\r\n0\r\nX-Hop: 1\r\nX-End: 2\r\n\r\n"
    async with recording_upstream(answering(answer)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        data = await proxy.send(WANTED)
        assert data.endswith(b"\r\n0\r\n\r\n")
        assert b"X-Hop" not in data


@pytest.mark.usefixtures("each_lane")
async def test_an_answer_with_trailers_leaves_its_connection_usable() -> None:
    answer = CHUNKED + b"\r\n2\r\nok\r\n0\r\nX-End: 1\r\n\r\n"
    async with recording_upstream(answering(answer)) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert (await proxy.send(WANTED * 5)).count(b"0\r\nX-End: 1\r\n\r\n") == 5
        assert len(upstream.connections) == 1


@pytest.mark.usefixtures("each_lane")
@pytest.mark.parametrize("trailers", [b"Grpc-Status: 0\r\n", b"Content-Length: 5\r\nAuthorization: x\r\n"])
async def test_a_requests_trailers_stay_here(trailers: bytes) -> None:
    async with recording_upstream() as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(UPLOAD + trailers + b"\r\n")).status == 200
        assert upstream.received.endswith(b"\r\n2\r\nhi\r\n0\r\n\r\n")


TOO_MUCH = {
    "fields": b"X: 1\r\n" * (MAX_TRAILERS + 1),
    "bytes": b"X: %b\r\n" % (b"a" * MAX_TRAILER_BYTES),
    "no field": b"X\r\n",
    "folded": b"X: 1\r\n 2\r\n",
    "line feed": b"X: 1\nY: 2\r\n",
    "NUL": b"X: \x00\r\n",
}


@pytest.mark.usefixtures("each_lane")
@pytest.mark.parametrize("trailers", TOO_MUCH.values(), ids=TOO_MUCH.keys())
async def test_trailers_are_strict_and_bounded_in_both_directions(trailers: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _ = await read_message(reader)
        assert head.startswith(b"GET")
        writer.write(CHUNKED + b"\r\n2\r\nok\r\n")
        await writer.drain()
        writer.write(b"0\r\n" + trailers + b"\r\n")
        await reader.read()

    async with recording_upstream(script) as upstream, serving(table_for([upstream.endpoint])) as proxy:
        assert parse_answer(await proxy.send(UPLOAD + trailers + b"\r\n")).fields["x-ingressd-reason"] == (
            "malformed_body"
        )
        data = await proxy.send(WANTED)
        assert b"0\r\n\r\n" not in data, "it does not look whole"
        assert proxy.records[-1].reason == "upstream_invalid"


TOKEN = st.text("!#$%&'*+-.^_`|~0123456789abcxyzABCXYZ", min_size=1, max_size=8).map(str.encode)
VALUE = st.binary(max_size=12).map(lambda data: bytes(byte for byte in data if byte >= 0x21 and byte != 0x7F))
NAME = TOKEN | st.sampled_from(sorted(NEVER_IN_TRAILERS))
TRAILERS = st.lists(st.tuples(NAME, VALUE), max_size=6)


def pieces_of(wire: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(wire), *(cut % len(wire) for cut in cuts)})
    return [wire[begin:end] for begin, end in itertools.pairwise(edges)]


@given(TRAILERS, st.lists(st.integers(0, 10_000), max_size=8))
def test_any_split_gives_the_same_trailers(trailers: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    reader = ChunkedReader()
    wire = b"1\r\nx\r\n0\r\n%b\r\n" % b"".join(b"%b:%b\r\n" % pair for pair in trailers)
    for piece in pieces_of(wire, cuts):
        reader.feed(piece)
    assert reader.complete
    assert [(name, value) for _, name, value in reader.trailers] == trailers
    allowed = [(name, value) for name, value in trailers if name.lower() not in NEVER_IN_TRAILERS]
    assert trailer_lines(reader.trailers) == b"".join(b"%b: %b\r\n" % pair for pair in allowed)


@given(st.binary(max_size=40), st.lists(st.integers(0, 10_000), max_size=8))
def test_how_trailers_are_split_never_decides_whether_they_are_valid(noise: bytes, cuts: list[int]) -> None:
    wire = b"0\r\nX: " + noise + b"\r\n\r\n"

    def verdict(pieces: list[bytes]) -> list[tuple[bytes, bytes, bytes]] | str:
        reader = ChunkedReader()
        try:
            for piece in pieces:
                if reader.complete:
                    break
                reader.feed(piece)
        except FramingError:
            return "refused"
        return reader.trailers if reader.complete else "incomplete"

    assert verdict(pieces_of(wire, cuts)) == verdict([wire])


@pytest.mark.parametrize("lane", list(LaneName))
@settings(max_examples=15)
@given(trailers=TRAILERS, cuts=st.lists(st.integers(0, 10_000), max_size=5))
def test_what_passes_is_the_same_however_the_endpoint_splits_it(
    lane: LaneName, trailers: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    body = b"2\r\nok\r\n0\r\n%b\r\n" % b"".join(b"%b:%b\r\n" % pair for pair in trailers)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        for piece in pieces_of(CHUNKED + b"\r\n" + body, cuts):
            writer.write(piece)
            await asyncio.sleep(0)
        await reader.read()

    async def check() -> None:
        async with (
            recording_upstream(script) as upstream,
            serving(table_for([upstream.endpoint]), lane=lane) as proxy,
        ):
            data = await proxy.send(WANTED)
            allowed = [pair for pair in trailers if pair[0].lower() not in NEVER_IN_TRAILERS]
            assert data.endswith(b"0\r\n%b\r\n" % b"".join(b"%b: %b\r\n" % pair for pair in allowed))

    asyncio.run(check())
