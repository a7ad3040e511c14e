"""An upstream's status line and fields. Upstreams are as hostile as clients: the same strictness holds."""

from __future__ import annotations

import re

import msgspec

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.fields import Field, list_elements, parse_fields
from ingressd.proxy.framing import Framing, FramingError, parse_content_length

MAX_HEAD_BYTES = 65536
MAX_FIELDS = 256

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")


class ResponseHead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``upgrade`` is the protocol named by a 101, in lower case. ``reason_phrase`` is as sent, possibly empty."""

    status: int
    reason_phrase: bytes
    version: tuple[int, int]
    fields: tuple[Field, ...]
    framing: Framing
    keep_alive: bool
    upgrade: bytes | None = None

    @property
    def informational(self) -> bool:
        return self.status < 200


def find_response_head_end(data: bytes, scanned: int = 0) -> int:
    """Return the length of the head at the start of ``data``, or -1 while it is incomplete. Raises Failure.

    ``scanned`` bytes have been looked at before; looking at them again would cost quadratic time in all.
    """
    match = _HEAD_END.search(data, max(0, scanned - 3), MAX_HEAD_BYTES + 4)
    if match is not None:
        return match.end()
    if len(data) > MAX_HEAD_BYTES:
        raise Failure(Reason.UPSTREAM_INVALID, f"the answer's header is longer than {MAX_HEAD_BYTES} bytes")
    if data and not b"HTTP/1.".startswith(data[:7]):
        raise Failure(Reason.UPSTREAM_INVALID, "the answer does not start with HTTP/1.")
    return -1


def parse_response_head(head: bytes, request_method: str) -> ResponseHead:
    """Parse everything up to and including the empty line. Raises Failure.

    A line that ends in LF alone is accepted and made CRLF (RFC 9112 section 2.2): many small servers send it, and
    what the client gets is spelt by us.
    """
    if _BARE_LINE_FEED.search(head):
        head = _BARE_LINE_FEED.sub(b"\r\n", head)
    line_end = head.find(b"\r\n")
    match = _STATUS_LINE.fullmatch(head, 0, line_end)
    if match is None:
        raise Failure(Reason.UPSTREAM_INVALID, "the answer's status line is not HTTP/1.1 STATUS")
    minor, status_text, reason_phrase = match.groups()
    fields = parse_fields(head[line_end + 2 : -2])
    if fields is None:
        raise Failure(Reason.UPSTREAM_INVALID, "a header line of the answer is not a name, a colon and a value")
    if len(fields) > MAX_FIELDS:
        raise Failure(Reason.UPSTREAM_INVALID, f"the answer's header has more than {MAX_FIELDS} fields")
    status, version = int(status_text), (1, int(minor))
    connection = list_elements([value for name, _, value in fields if name == b"connection"])
    framing, delimited = _parse_framing(fields, status, request_method)
    keep_alive = b"close" not in connection if version >= (1, 1) else b"keep-alive" in connection
    upgrade = list_elements([value for name, _, value in fields if name == b"upgrade"])
    return ResponseHead(
        status=status,
        reason_phrase=reason_phrase or b"",
        version=version,
        fields=tuple(fields),
        framing=framing,
        keep_alive=keep_alive and delimited,
        upgrade=upgrade[0] if status == 101 and len(upgrade) == 1 else None,
    )


def has_body(status: int, request_method: str) -> bool:
    """RFC 9110 section 6.4.1: some answers end at their header whatever their fields say."""
    return request_method != "HEAD" and status >= 200 and status not in (204, 304)


def _parse_framing(fields: list[Field], status: int, request_method: str) -> tuple[Framing, bool]:
    """Return the framing, and whether the body's end is known without closing the connection."""
    lengths = [value for name, _, value in fields if name == b"content-length"]
    codings = [value for name, _, value in fields if name == b"transfer-encoding"]
    if codings:
        if lengths:
            raise Failure(Reason.UPSTREAM_INVALID, "the answer has both Content-Length and Transfer-Encoding")
        if len(codings) > 1 or codings[0].lower() != b"chunked":
            raise Failure(Reason.UPSTREAM_INVALID, "the answer's Transfer-Encoding is not chunked")
        return Framing(chunked=True), True
    if lengths:
        if len(set(lengths)) > 1:
            raise Failure(Reason.UPSTREAM_INVALID, "the answer has two different Content-Length fields")
        try:
            return Framing(length=parse_content_length(lengths[0])), True
        except FramingError as error:
            raise Failure(Reason.UPSTREAM_INVALID, f"the answer's {error}") from None
    return Framing(), not has_body(status, request_method)
