from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.canonical_head import canonical_head
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.request_head import RequestHead, parse_request_head
from ingressd.proxy.request_line import HeadLimits

LIMITS = HeadLimits()


def parse(*lines: bytes) -> RequestHead:
    return parse_request_head(b"\r\n".join([*lines, b"", b""]), LIMITS)


@given(
    st.lists(
        st.sampled_from(
            [b"GET", b" ", b"/", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"Host: a", b"Content-Length: 1", b"\x00", b"\n"]
        )
        | st.binary(max_size=6),
        max_size=14,
    ).map(b"".join)
)
def test_any_bytes_are_a_head_or_a_failure(data: bytes) -> None:
    try:
        head = parse_request_head(data + b"\r\n\r\n", LIMITS)
    except Failure as failure:
        assert failure.answer.status >= 400
    else:
        assert head.target.path.startswith(("/", "*"))


TOKEN = st.text("!#$%&'*+-.^`|~0123456789abcxyzABCXYZ", min_size=1, max_size=12)
VALUE = st.binary(max_size=20).map(lambda data: bytes(b for b in data if b >= 0x21 and b != 0x7F))


@given(st.lists(st.tuples(TOKEN.map(str.encode), VALUE), max_size=10))
def test_fields_keep_their_order_spelling_and_bytes(pairs: list[tuple[bytes, bytes]]) -> None:
    special = {b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect"}
    pairs = [(name, value) for name, value in pairs if name.lower() not in special]
    head = parse(b"GET / HTTP/1.1", b"Host: a", *[b"%b: %b" % pair for pair in pairs])
    assert [(name, value) for _, name, value in head.fields[1:]] == pairs


@given(
    st.lists(st.tuples(TOKEN.map(str.encode), VALUE), max_size=5),
    st.sampled_from([b"1.0", b"1.1"]),
    st.sampled_from([b"Content-Length: 3", b"Content-Length: 0", b"X: 1"]),
)
def test_what_aiohttp_gets_means_the_same_and_holds_nothing_else(
    pairs: list[tuple[bytes, bytes]], version: bytes, framing: bytes
) -> None:
    special = {b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect"}
    lines = [b"%b: %b" % pair for pair in pairs if pair[0].lower() not in special]
    head = parse(b"GET //a/./%%7e HTTP/%b" % version, b"Host: a:1", framing, *lines)
    again = parse_request_head(canonical_head(head), LIMITS)
    assert (again.target, again.authority, again.framing) == (head.target, head.authority, head.framing)
    assert again.keep_alive == head.keep_alive
    assert {name for name, _, _ in again.fields} <= {b"host", b"content-length", b"connection"}


@pytest.mark.parametrize(
    ("lines", "keep_alive"),
    [
        ((b"GET / HTTP/1.1", b"Host: a"), True),
        ((b"GET / HTTP/1.1", b"Host: a", b"Connection: Close"), False),
        ((b"GET / HTTP/1.1", b"Host: a", b"Connection: x", b"Connection: y, close"), False),
        ((b"GET / HTTP/1.0", b"Host: a"), False),
        ((b"GET / HTTP/1.0", b"Host: a", b"Connection: Keep-Alive"), True),
    ],
)
def test_who_keeps_the_connection(lines: tuple[bytes, ...], keep_alive: bool) -> None:
    assert parse(*lines).keep_alive is keep_alive


@pytest.mark.parametrize(
    ("lines", "upgrade"),
    [
        ((b"GET / HTTP/1.1", b"Connection: Upgrade", b"Upgrade: WebSocket"), b"websocket"),
        ((b"POST / HTTP/1.1", b"Connection: keep-alive, upgrade", b"Upgrade: SPDY/3.1"), b"spdy/3.1"),
        ((b"GET / HTTP/1.1", b"Upgrade: websocket"), None),
        ((b"POST / HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket"), None),
        ((b"GET / HTTP/1.0", b"Connection: Upgrade", b"Upgrade: websocket"), None),
        ((b"GET / HTTP/1.1", b"Connection: Upgrade", b"Upgrade: h2c"), None),
        ((b"GET / HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket, h2c"), None),
    ],
)
def test_which_upgrades_are_served(lines: tuple[bytes, ...], upgrade: bytes | None) -> None:
    assert parse(*lines, b"Host: a").upgrade == upgrade


def test_limits_have_reasons_of_their_own() -> None:
    small = HeadLimits(line=50, total=120, fields=3)

    def reason(*lines: bytes) -> Reason:
        with pytest.raises(Failure) as caught:
            parse_request_head(b"\r\n".join([*lines, b"", b""]), small)
        return caught.value.reason

    assert reason(b"GET /" + b"a" * 60 + b" HTTP/1.1", b"Host: a") is Reason.TARGET_TOO_LONG
    assert reason(b"GET / HTTP/1.1", b"Host: a", b"X: " + b"a" * 60) is Reason.HEADERS_TOO_LARGE
    assert reason(b"GET / HTTP/1.1", b"Host: a", b"A: 1", b"B: 1", b"C: 1") is Reason.HEADERS_TOO_LARGE
    assert reason(b"GET / HTTP/1.1", *[b"X: " + b"a" * 40] * 3) is Reason.HEADERS_TOO_LARGE
