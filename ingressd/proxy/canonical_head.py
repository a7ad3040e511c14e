"""The head of a request as aiohttp gets it."""

from __future__ import annotations

from ingressd.proxy.request_head import RequestHead


def canonical_head(head: RequestHead) -> bytes:
    """Return the head that aiohttp parses: what it needs to find the end of the request, and nothing else.

    aiohttp has rules of its own for other fields (it refuses a second User-Agent, and acts on upgrades and
    expectations); what a request means has been decided, and a handler finds it in ``BridgeRequest.head``.
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
