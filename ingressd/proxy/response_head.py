"""An upstream's status line and fields. Upstreams are as hostile as clients: the same strictness holds."""

from __future__ import annotations

import re

import msgspec

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.fields import HOP_BY_HOP, Field, FieldScanner, KnownField, list_elements, parse_fields
from ingressd.proxy.framing import Framing, FramingError, parse_content_length

MAX_HEAD_BYTES = 65536
MAX_FIELDS = 256

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")


class ResponseHead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``raw`` is the head with every line ended by CRLF, whose field lines begin at ``fields_begin``; ``known`` are the
    fields in it that matter to us. ``spliceable``: every other line may be passed on unread. ``upgrade`` is the
    protocol named by a 101, in lower case. ``reason_phrase`` is as sent, possibly empty."""

    status: int
    reason_phrase: bytes
    version: tuple[int, int]
    raw: bytes
    fields_begin: int
    known: list[KnownField]
    framing: Framing
    keep_alive: bool
    spliceable: bool
    upgrade: bytes | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field in the order, spelling and bytes of the upstream. It is read anew each time."""
        return tuple(parse_fields(self.raw[self.fields_begin : -2]) or ())

    @property
    def informational(self) -> bool:
        return self.status < 200


def find_response_head_end(data: bytes, scanned: int = 0) -> int:
    """Return the length of the head at the start of ``data``, or -1 while it is incomplete. Raises Failure.

    ``scanned`` bytes have been looked at before; looking at them again would cost quadratic time in all.
    """
    end = data.find(b"\r\n\r\n", max(0, scanned - 3), MAX_HEAD_BYTES + 4)
    if end >= 0 and data.find(b"\n\n", 0, end) < 0 and data.find(b"\n\r\n", 0, end + 3) < 0:
        return end + 4
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
    line_end = head.find(b"\r\n")
    match = _STATUS_LINE.fullmatch(head, 0, line_end) if line_end >= 0 else None
    known = _SCANNER.scan(head, line_end) if match is not None else None
    if known is None and _BARE_LINE_FEED.search(head):
        return parse_response_head(_BARE_LINE_FEED.sub(b"\r\n", head), request_method)
    if match is None:
        raise Failure(Reason.UPSTREAM_INVALID, "the answer's status line is not HTTP/1.1 STATUS")
    if known is None:
        raise Failure(Reason.UPSTREAM_INVALID, "a header line of the answer is not a name, a colon and a value")
    if head.count(b"\n") - 2 > MAX_FIELDS:
        raise Failure(Reason.UPSTREAM_INVALID, f"the answer's header has more than {MAX_FIELDS} fields")
    minor, status_text, reason_phrase = match.groups()
    status, version = int(status_text), _HTTP_1_1 if minor == b"1" else _HTTP_1_0
    connection: list[bytes] = []
    upgrade: list[bytes] = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    for name, value, _, _ in known:
        if name == b"content-length":
            lengths.append(value)
        elif name == b"transfer-encoding":
            codings.append(value)
        elif name == b"connection":
            connection += list_elements([value])
        elif name == b"upgrade":
            upgrade += list_elements([value])
    framing, delimited = _parse_framing(lengths, codings, status, request_method)
    keep_alive = b"close" not in connection if minor == b"1" else b"keep-alive" in connection
    return ResponseHead(
        status=status,
        reason_phrase=reason_phrase or b"",
        version=version,
        raw=head,
        fields_begin=line_end + 2,
        known=known,
        framing=framing,
        keep_alive=keep_alive and delimited,
        spliceable=not connection or _HARMLESS_OPTIONS.issuperset(connection),
        upgrade=upgrade[0] if status == 101 and len(upgrade) == 1 else None,
    )


_SCANNER = FieldScanner(HOP_BY_HOP | {b"content-length", b"server", b"date"})
_HARMLESS_OPTIONS = HOP_BY_HOP | {b"close"}
_UNTIL_END = Framing()
_CHUNKED = Framing(chunked=True)
_HTTP_1_1, _HTTP_1_0 = (1, 1), (1, 0)


def has_body(status: int, request_method: str) -> bool:
    """RFC 9110 section 6.4.1: some answers end at their header whatever their fields say."""
    return request_method != "HEAD" and status >= 200 and status not in (204, 304)


def _parse_framing(
    lengths: list[bytes], codings: list[bytes], status: int, request_method: str
) -> tuple[Framing, bool]:
    """Return the framing, and whether the body's end is known without closing the connection."""
    if codings:
        if lengths:
            raise Failure(Reason.UPSTREAM_INVALID, "the answer has both Content-Length and Transfer-Encoding")
        if len(codings) > 1 or codings[0].lower() != b"chunked":
            raise Failure(Reason.UPSTREAM_INVALID, "the answer's Transfer-Encoding is not chunked")
        return _CHUNKED, True
    if lengths:
        if len(set(lengths)) > 1:
            raise Failure(Reason.UPSTREAM_INVALID, "the answer has two different Content-Length fields")
        try:
            return Framing(length=parse_content_length(lengths[0])), True
        except FramingError as error:
            raise Failure(Reason.UPSTREAM_INVALID, f"the answer's {error}") from None
    return _UNTIL_END, not has_body(status, request_method)
