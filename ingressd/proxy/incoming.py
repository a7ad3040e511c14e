"""A request on its way from the client's connection, through aiohttp's queue, to a lane."""

from __future__ import annotations

from aiohttp import StreamReader

from ingressd.proxy.failures import Failure
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_sketch import RequestSketch


class Incoming:
    """A request on its way to a lane: its head or why there is none, and what became of its body."""

    __slots__ = ("failure", "head", "payload", "sketch")

    def __init__(
        self, head: RequestHead | None, failure: Failure | None = None, sketch: RequestSketch | None = None
    ) -> None:
        self.head = head
        self.failure = failure
        self.sketch = sketch or RequestSketch()
        self.payload: StreamReader | None = None

    def fail_body(self, failure: Failure) -> None:
        self.failure = failure
        if self.payload is not None:
            self.payload.set_exception(failure)


def canonical_head(head: RequestHead) -> bytes:
    """Return the head that aiohttp parses: what it needs to find the end of the request, and nothing else.

    aiohttp has rules of its own for other fields (it refuses a second User-Agent, and acts on upgrades and
    expectations); what a request means has been decided, and a handler finds it in ``Incoming.head``.
    """
    lines = [
        f"{head.method} {head.target} HTTP/{head.version[0]}.{head.version[1]}\r\n".encode("ascii"),
        b"Host: %b\r\n" % (head.authority.text or b"unnamed.invalid"),
    ]
    if head.framing.chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif head.framing.length is not None:
        lines.append(b"Content-Length: %d\r\n" % head.framing.length)
    lines.append(b"Connection: keep-alive\r\n\r\n" if head.keep_alive else b"Connection: close\r\n\r\n")
    return b"".join(lines)
