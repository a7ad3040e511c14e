from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.fields import parse_fields
from ingressd.proxy.written_fields import checked_fields, checked_status_line, field_bytes, with_length

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["Content-Length", "Transfer-Encoding", "a\r\nb: c", "a\nb", "a b", "", "x:", "Set-Cookie"]
)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=6), st.none() | st.integers(0, 10**9))
def test_whatever_passes_is_read_back_as_the_same_fields(fields: list[tuple[str, str]], length: int | None) -> None:
    try:
        written = with_length(checked_fields(fields), length)
    except ValueError:
        return
    first, _, block = field_bytes("HTTP/1.1 200 OK", written).partition(b"\r\n")
    read = parse_fields(block[:-2])
    assert first == b"HTTP/1.1 200 OK"
    assert read is not None
    assert [(name.decode(), value) for _, name, value in read] == [
        (name, value.encode().strip(b" \t")) for name, value in written
    ]
    lengths = [value for lower, _, value in read if lower == b"content-length"]
    assert lengths == ([] if length is None else [b"%d" % length])
    assert b"transfer-encoding" not in [lower for lower, _, _ in read]


@pytest.mark.parametrize(
    "field", [("", "x"), ("a b", "x"), ("a:", "x"), ("caf\xe9", "x"), ("a", "x\r\ny: z"), ("a", "x\0"), ("a", "x\x7f")]
)
def test_what_is_no_field(field: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="header field"):
        checked_fields([field])


@pytest.mark.parametrize(("status", "phrase"), [(101, "x"), (0, ""), (1000, ""), (200, "OK\r\nX: 1"), (200, "\0")])
def test_what_is_no_status_line(status: int, phrase: str) -> None:
    with pytest.raises(ValueError, match=r"status|phrase"):
        checked_status_line(status, phrase)


def test_a_length_stays_in_its_place() -> None:
    fields = [("A", "1"), ("content-length", "x"), ("B", "2"), ("Content-Length", "y")]
    assert with_length(fields, 7) == [("A", "1"), ("content-length", "7"), ("B", "2")]
    assert with_length(fields, None) == [("A", "1"), ("B", "2")]
    assert with_length([("A", "1")], 0) == [("A", "1"), ("Content-Length", "0")]
