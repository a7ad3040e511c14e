from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.request_sketch import RequestSketch, sketch_request


@pytest.mark.parametrize(
    ("head", "sketch"),
    [
        (b"TRACE /a?b HTTP/1.1\r\nHost: h:1\r\n\r\n", RequestSketch("TRACE", "h:1", "/a?b")),
        (b"GET  /two-spaces HTTP/1.1\r\nX: 1\r\nhost :h\r\n\r\n", RequestSketch("GET", "h", "/two-spaces")),
        (b"GET /\r\n\r\n", RequestSketch("GET", "", "/")),
        (b"CONNECT h:80 HTTP/1.1\r\n\r\n", RequestSketch("CONNECT", "", "h:80")),
        (b"this is no HTTP\r\n\r\n", RequestSketch()),
        (b"\x16\x03\x01\x02", RequestSketch()),
        (b"", RequestSketch()),
    ],
)
def test_what_can_still_be_told(head: bytes, sketch: RequestSketch) -> None:
    assert sketch_request(head) == sketch


@given(st.binary(max_size=200))
def test_it_never_fails_and_is_short(head: bytes) -> None:
    sketch = sketch_request(head * 50)
    assert len(sketch.method) + len(sketch.host) + len(sketch.target) <= 32 + 255 + 2048
