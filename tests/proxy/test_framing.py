from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.framing import (
    LAST_CHUNK,
    BodyReader,
    ChunkedReader,
    FramingError,
    LengthReader,
    UntilEndReader,
    chunk,
    parse_content_length,
)


def read(reader: BodyReader, pieces: list[bytes]) -> tuple[bytes, bytes, bool]:
    """Feed pieces until the body is complete; return the body, what follows it, and whether it is complete."""
    body, rest = b"", b""
    for index, piece in enumerate(pieces):
        data, rest = reader.feed(piece)
        body += data
        if reader.complete:
            return body, rest + b"".join(pieces[index + 1 :]), True
    return body, rest, False


@st.composite
def split(draw: st.DrawFn, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if start < end]


@st.composite
def chunked_body(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=6))
    extension = draw(st.sampled_from([b"", b";a", b";a=b", b';a="x;y"', b"; a = b"]))
    trailers = draw(st.sampled_from([b"", b"X: 1\r\n", b"X: 1\r\nY: caf\xe9\r\n"]))
    wire = b"".join(b"%X%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)
    wire += b"0" + extension + b"\r\n" + trailers + b"\r\n" + b"NEXT"
    return b"".join(pieces), draw(split(wire))


@given(chunked_body())
def test_any_split_of_a_chunked_body_gives_the_same_body(case: tuple[bytes, list[bytes]]) -> None:
    body, pieces = case
    assert read(ChunkedReader(), pieces) == (body, b"NEXT", True)


@given(st.data(), st.binary(max_size=60))
def test_any_split_of_a_body_with_a_length_gives_the_same_body(data: st.DataObject, wire: bytes) -> None:
    length = data.draw(st.integers(1, 40))
    body, rest, complete = read(LengthReader(length), data.draw(split(wire)))
    assert complete is (len(wire) >= length)
    assert body == wire[:length]
    assert rest == wire[length:]


def verdict(pieces: list[bytes]) -> tuple[bytes, bool] | str:
    try:
        body, _, complete = read(ChunkedReader(), pieces)
    except FramingError:
        return "refused"
    return body, complete


@given(
    st.data(),
    st.lists(
        st.sampled_from([b"5", b"0", b"\r\n", b"\n", b"\r", b"hello", b";", b"a=b", b'"', b" ", b"X:", b"f" * 16]),
        max_size=12,
    ).map(b"".join),
)
def test_how_bytes_are_split_never_decides_what_they_mean(data: st.DataObject, wire: bytes) -> None:
    whole = verdict([wire])
    parts = verdict(data.draw(split(wire)))
    if whole != "refused" and parts != "refused":
        assert whole == parts
    else:
        assert whole == parts == "refused"


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5))
def test_what_is_framed_is_read_back(pieces: list[bytes]) -> None:
    wire = b"".join(map(chunk, pieces)) + LAST_CHUNK
    assert read(ChunkedReader(), [wire]) == (b"".join(pieces), b"", True)


@pytest.mark.parametrize("reader", [ChunkedReader(), LengthReader(3)])
def test_a_body_cut_short_is_not_complete(reader: BodyReader) -> None:
    reader.feed(b"1\r")
    with pytest.raises(FramingError):
        reader.feed_end()


def test_a_body_until_the_end_is_complete_at_the_end() -> None:
    reader = UntilEndReader()
    assert reader.feed(b"all of it") == (b"all of it", b"")
    assert not reader.complete
    reader.feed_end()
    assert reader.complete


@pytest.mark.parametrize(("text", "length"), [(b"0", 0), (b"010", 10), (b"9" * 19, int("9" * 19))])
def test_a_length_is_digits(text: bytes, length: int) -> None:
    assert parse_content_length(text) == length


@pytest.mark.parametrize("text", [b"", b"+5", b"-0", b"0x5", b"1_0", b"5 5", b"9" * 20, "٣".encode(), b"5\n"])
def test_a_length_is_nothing_else(text: bytes) -> None:
    with pytest.raises(FramingError):
        parse_content_length(text)


def test_extensions_are_bounded_over_a_whole_body() -> None:
    reader = ChunkedReader()
    with pytest.raises(FramingError):
        for _ in range(100):
            reader.feed(b"1;" + b"a" * 200 + b"\r\nx\r\n")
