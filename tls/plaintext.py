"""The answer to a client that speaks HTTP where TLS is expected."""

from __future__ import annotations

import re
from typing import Final

_METHOD: Final = re.compile(rb"[A-Z]{1,16}(?: |\Z)")
_BODY: Final = b"this port speaks HTTPS\n"
HTTPS_EXPECTED: Final = b"".join(
    (
        b"HTTP/1.1 400 Bad Request\r\n",
        b"Content-Type: text/plain; charset=utf-8\r\n",
        b"Content-Length: %d\r\n" % len(_BODY),
        b"Connection: close\r\n\r\n",
        _BODY,
    )
)
LINGER_SECONDS: Final = 1.0
LINGER_BYTES: Final = 64 * 1024
"""How long and how much is read behind the answer. Closing a socket with unread bytes resets it, and a reset makes the
client drop the answer unread."""


def looks_like_http(start: bytes) -> bool:
    """Whether the first bytes of a connection are a request line, or the beginning of one."""
    return _METHOD.match(start) is not None
