from __future__ import annotations

import pytest

from tls.plaintext import looks_like_http


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"PRI * HTTP/2.0\r\n", True),
        (b"G", True),
        (b"OPTIONS * HTTP/1", True),
        (b"", False),
        (b"SSH-2.0-OpenSSH", False),
        (b"get / ", False),
        (b"\x80\x2e\x01", False),
        (b"A" * 17, False),
    ],
)
def test_a_request_line_is_recognised_by_its_first_bytes(start: bytes, expected: bool) -> None:
    assert looks_like_http(start) is expected
