"""The host that a request is for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ingressd.proxy.failures import Failure, Reason

_AUTHORITY = re.compile(
    rb"(?P<host>[A-Za-z0-9_](?:[A-Za-z0-9._~\-]{0,253}[A-Za-z0-9_\-.])?|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
)
MAX_PORT = 65535


class Authority:
    """``host`` is canonical (lower case, without the dot at the end): routing, TLS policy and logs all use it.
    ``port`` is None when the client named none. ``text`` is what the client sent and what the upstream gets."""

    __slots__ = ("host", "port", "text")

    def __init__(self, host: str, port: int | None, text: bytes) -> None:
        self.host: Final = host
        self.port: Final = port
        self.text: Final = text

    def __repr__(self) -> str:
        return f"Authority({self.host!r}, {self.port}, {self.text!r})"


NO_AUTHORITY = Authority("", None, b"")
"""An HTTP/1.0 request may name no host (RFC 9112 section 3.2); it goes to the routes of any host."""


@lru_cache(maxsize=1024)
def parse_authority(text: bytes) -> Authority:
    """Parse a ``Host`` field or the authority of an absolute target (RFC 9112 section 3.2). Raises Failure."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise Failure(Reason.MALFORMED_REQUEST, "the Host field does not name one host")
    port = int(match["port"]) if match["port"] else None
    if port is not None and port > MAX_PORT:
        raise Failure(Reason.MALFORMED_REQUEST, "the port of the Host field is above 65535")
    host = match["host"].decode("ascii").lower().removesuffix(".")
    return Authority(host, port, text)
