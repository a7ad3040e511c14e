"""An upstream's status line and fields. Upstreams are as hostile as clients: the same strictness holds."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.field_scanner import FieldScan, FieldScanner, KnownField
from ingressd.proxy.fields import HOP_BY_HOP, Field, contains_all, list_elements, parse_fields
from ingressd.proxy.framing import Framing, FramingError, parse_content_length

if TYPE_CHECKING:
    from mypy_extensions import i64

MAX_HEAD_BYTES: Final = 65536
MAX_FIELDS: Final = 256

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")


class ResponseHead:
    """``source`` begins with the head, every line of it ended by CRLF, whose field lines begin at ``fields_begin`` and
    whose empty line ends at ``end``. ``whole``: behind it stands the whole body, and nothing else, else nothing stands
    there. ``known`` are the fields that matter to us. ``spliceable``: every other line may be passed on unread.
    ``upgrade`` is the protocol named by a 101, in lower case. ``reason_phrase`` is as sent, possibly empty. To be taken
    as frozen."""

    __slots__ = (
        "end",
        "fields_begin",
        "framing",
        "has_date",
        "has_server",
        "keep_alive",
        "known",
        "reason_phrase",
        "source",
        "spliceable",
        "status",
        "upgrade",
        "version",
        "whole",
    )

    def __init__(
        self,
        status: int,
        reason_phrase: bytes,
        version: tuple[int, int],
        source: bytes,
        fields_begin: int,
        end: int,
        known: list[KnownField],
        noted: int,
        framing: Framing,
        keep_alive: bool,
        spliceable: bool,
        upgrade: bytes | None,
    ) -> None:
        self.status: Final = status
        self.reason_phrase: Final = reason_phrase
        self.version: Final = version
        self.source: Final = source
        self.fields_begin: Final = fields_begin
        self.end: Final = end
        self.whole: Final = len(source) > end
        self.known: Final = known
        self.has_server: Final = noted & 1 != 0
        self.has_date: Final = noted & 2 != 0
        self.framing: Final = framing
        self.keep_alive: Final = keep_alive
        self.spliceable: Final = spliceable
        self.upgrade: Final = upgrade

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field in the order, spelling and bytes of the upstream. It is read anew each time."""
        return tuple(parse_fields(self.source[self.fields_begin : self.end - 2]) or ())

    @property
    def body(self) -> bytes:
        """All of it, if ``whole``."""
        return self.source[self.end :]

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


def leading_response_head(data: bytes, request_method: str) -> ResponseHead | None:
    """Parse the head at the start of ``data`` if all of it is there, and plain; None says nothing against it. Raises
    Failure."""
    line_end: i64 = len(_USUAL_LINE) - 2
    status_line: tuple[int, int, bytes] | None = _USUAL_STATUS
    if data[: len(_USUAL_LINE)] != _USUAL_LINE:
        line_end = data.find(b"\r\n", 0, _LONGEST_PLAIN_LINE)
        status_line = _parse_status_line(data[:line_end]) if line_end >= 0 else None
    scan = _SCANNER.scan(data, line_end) if status_line is not None else None
    if status_line is None or scan is None or scan.end > MAX_HEAD_BYTES:
        return None
    return _interpret(data, line_end, status_line, scan, request_method)


_USUAL_LINE: Final = b"HTTP/1.1 200 OK\r\n"
_USUAL_STATUS: Final = (1, 200, b"OK")
_LONGEST_PLAIN_LINE: Final = 64


def parse_response_head(head: bytes, request_method: str) -> ResponseHead:
    """Parse everything up to and including the empty line. Raises Failure.

    A line that ends in LF alone is accepted and made CRLF (RFC 9112 section 2.2): many small servers send it, and
    what the client gets is spelt by us.
    """
    line_end = head.find(b"\r\n")
    # What is long is not remembered: an endpoint could fill the memory with it.
    parse = _parse_status_line if line_end <= _LONGEST_PLAIN_LINE else _parse_status_line.__wrapped__
    status_line = parse(head[:line_end]) if line_end >= 0 else None
    scan = _SCANNER.scan(head, line_end) if status_line is not None else None
    if scan is not None and scan.end != len(head):
        scan = None
    if scan is None and _BARE_LINE_FEED.search(head):
        return parse_response_head(_BARE_LINE_FEED.sub(b"\r\n", head), request_method)
    if status_line is None:
        raise Failure(Reason.UPSTREAM_INVALID, "the answer's status line is not HTTP/1.1 STATUS")
    if scan is None:
        raise Failure(Reason.UPSTREAM_INVALID, "a header line of the answer is not a name, a colon and a value")
    return _interpret(head, line_end, status_line, scan, request_method)


def _interpret(
    source: bytes, line_end: int, status_line: tuple[int, int, bytes], scan: FieldScan, request_method: str
) -> ResponseHead:
    """Read what the known fields say of the head at the start of ``source``."""
    if scan.count > MAX_FIELDS:
        raise Failure(Reason.UPSTREAM_INVALID, f"the answer's header has more than {MAX_FIELDS} fields")
    minor, status, reason_phrase = status_line
    connection: tuple[bytes, ...] = ()
    upgrade: tuple[bytes, ...] = ()
    lengths: tuple[bytes, ...] = ()
    codings: tuple[bytes, ...] = ()
    for field in scan.known:
        name = field.name
        if name == b"content-length":
            lengths += (field.value,)
        elif name == b"connection":
            connection += list_elements(field.value)
        elif name == b"transfer-encoding":
            codings += (field.value,)
        elif name == b"upgrade":
            upgrade += list_elements(field.value)
    framing, delimited = _parse_framing(lengths, codings, status, request_method)
    keep_alive = b"close" not in connection if minor == 1 else b"keep-alive" in connection
    end = scan.end
    whole = framing.length is not None and framing.length == len(source) - end and has_body(status, request_method)
    return ResponseHead(
        status,
        reason_phrase,
        (1, minor),
        source if whole else source[:end],
        line_end + 2,
        end,
        scan.known,
        scan.noted,
        framing,
        keep_alive and delimited,
        contains_all(_HARMLESS_OPTIONS, connection),
        upgrade[0] if status == 101 and len(upgrade) == 1 else None,
    )


_SCANNER: Final = FieldScanner(HOP_BY_HOP | {b"content-length"}, noted=(b"server", b"date"))
_HARMLESS_OPTIONS: Final = HOP_BY_HOP | {b"close"}
_UNTIL_END: Final = Framing()
_CHUNKED: Final = Framing(chunked=True)


@lru_cache(maxsize=256)
def _parse_status_line(line: bytes) -> tuple[int, int, bytes] | None:
    """Return the minor version, the status, and the reason phrase. Servers have few different lines."""
    match = _STATUS_LINE.fullmatch(line)
    return (int(match[1]), int(match[2]), match[3] or b"") if match is not None else None


def has_body(status: int, request_method: str) -> bool:
    """RFC 9110 section 6.4.1: some answers end at their header whatever their fields say."""
    return request_method != "HEAD" and status >= 200 and status not in (204, 304)


def _parse_framing(
    lengths: tuple[bytes, ...], codings: tuple[bytes, ...], status: int, request_method: str
) -> tuple[Framing, bool]:
    """Return the framing, and whether the body's end is known without closing the connection."""
    if codings:
        if lengths:
            raise Failure(Reason.UPSTREAM_INVALID, "the answer has both Content-Length and Transfer-Encoding")
        if len(codings) > 1 or codings[0].lower() != b"chunked":
            raise Failure(Reason.UPSTREAM_INVALID, "the answer's Transfer-Encoding is not chunked")
        return _CHUNKED, True
    if lengths:
        if len(lengths) > 1 and len(set(lengths)) > 1:
            raise Failure(Reason.UPSTREAM_INVALID, "the answer has two different Content-Length fields")
        try:
            return Framing(parse_content_length(lengths[0])), True
        except FramingError as error:
            raise Failure(Reason.UPSTREAM_INVALID, f"the answer's {error}") from None
    return _UNTIL_END, not has_body(status, request_method)
