from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.field_scanner import FieldScan, FieldScanner, remove_lines
from ingressd.proxy.fields import parse_fields

NAMES = [b"host", b"connection", b"x-forwarded-host", b"x-forwarded-port", b"te"]
NOTED = [b"accept", b"date"]
SCANNER = FieldScanner(NAMES, NOTED)
FIRST_LINE = b"GET / HTTP/1.1\r\n"
LINE_END = len(FIRST_LINE) - 2

Facts = tuple[list[tuple[bytes, bytes, int, int, bool]], int, int, bool, int] | None

SPELLINGS = [b"Host", b"HOST", b"X-Forwarded-Port", b"X-Forwarded-Por", b"hosts", b"x_y", b"a" * 40, b"[ost"]
BETWEEN = [b":", b": ", b":\t", b" ", b"\t", b"\r\n", b"\r\n\r\n", b"\r", b"\n"]
OTHERS = [b"\0", b"\x7f", b"\x80", b"\xff", b"a", b"_"]
PIECES = st.sampled_from([*NAMES, *NOTED, *SPELLINGS, *BETWEEN, *OTHERS])


def facts(scan: FieldScan | None) -> Facts:
    if scan is None:
        return None
    known = [(field.name, field.value, field.begin, field.end, field.plain) for field in scan.known]
    return known, scan.noted, scan.count, scan.underscored, scan.end


@given(st.lists(PIECES, max_size=20).map(b"".join))
def test_the_walk_and_the_search_find_the_same(rest: bytes) -> None:
    data = FIRST_LINE + rest
    assert facts(SCANNER.walk(data, LINE_END)) == facts(SCANNER.search(data, LINE_END))


LINES = st.builds(
    lambda name, space, value, end: b"%b:%b%b%b\r\n" % (name, space, value, end),
    st.sampled_from([b"Host", b"tE", b"Accept", b"DATE", b"X-Forwarded-Port", b"x_y", b"Connection"]),
    st.sampled_from([b"", b" ", b"\t "]),
    st.sampled_from([b"", b"v", b"a b", b"caf\xe9"]),
    st.sampled_from([b"", b" ", b"\t"]),
)


@pytest.mark.parametrize("look", [SCANNER.walk, SCANNER.search])
@given(lines=st.lists(LINES, max_size=6), behind=st.binary(max_size=8))
def test_it_finds_what_reading_every_field_finds(look: object, lines: list[bytes], behind: bytes) -> None:
    assert callable(look)
    block = b"".join(lines)
    scan = look(FIRST_LINE + block + b"\r\n" + behind, LINE_END)
    fields = parse_fields(block)
    assert fields is not None
    assert [(field.name, field.value) for field in scan.known] == [
        (lower, value) for lower, _, value in fields if lower in NAMES
    ]
    assert scan.noted == sum(1 << bit for bit, name in enumerate(NOTED) if name in [lower for lower, _, _ in fields])
    assert scan.count == len(fields)
    assert scan.underscored == any(b"_" in name for name, _, _ in fields)
    assert scan.end == len(FIRST_LINE) + len(block) + 2
    kept = remove_lines(FIRST_LINE + block + b"\r\n", len(FIRST_LINE), scan.known)
    assert parse_fields(kept) == [field for field in fields if field[0] not in NAMES]


@pytest.mark.parametrize("look", [SCANNER.walk, SCANNER.search])
def test_a_head_that_is_cut_anywhere_is_not_complete(look: object) -> None:
    assert callable(look)
    data = FIRST_LINE + b"Host: a\r\nAccept: */*\r\n\r\n"
    assert look(data, LINE_END) is not None
    for length in range(len(FIRST_LINE), len(data)):
        assert look(data[:length], LINE_END) is None
