"""The calls of a TLS connection without the layer of Python around them."""

from __future__ import annotations

import ssl
from typing import Protocol, cast


class TlsCalls(Protocol):
    """What ``ssl.SSLObject`` does for each read and write."""

    def do_handshake(self) -> object: ...

    def read(self, length: int, /) -> bytes: ...

    def write(self, data: bytes | bytearray | memoryview, /) -> int: ...

    def pending(self) -> int: ...


def direct_calls(tls: ssl.SSLObject) -> TlsCalls:
    """Return what ``tls`` passes its calls on to, and where it hides that, ``tls`` itself.

    The methods of ``ssl.SSLObject`` do nothing else. In between the code of OpenSSL, which leaves nothing of Python's
    in the caches of a processor, each costs far more than it looks.
    """
    return cast(TlsCalls, getattr(tls, "_sslobj", tls))
