"""A request's first line and fields, validated once; whatever comes after uses only this value.

Two parsers that disagree on one request are how requests get smuggled, so what is not strictly valid is refused
here, before a route, an upstream or a Python handler has seen a byte of it.
"""

from __future__ import annotations

import re
from typing import Final

from ingressd.proxy.authority import NO_AUTHORITY, Authority, parse_authority
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.field_scanner import FieldScan, FieldScanner, KnownField
from ingressd.proxy.fields import Field, contains_all, list_elements
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.framing import Framing, FramingError, parse_content_length
from ingressd.proxy.header_section import HeaderSection
from ingressd.proxy.request_line import HTTP_1_1, HeadLimits, parse_request_line, plain_method, stands_at
from ingressd.proxy.target import Target, parse_target, plain_target
from ingressd.routing.methods import METHODS, REFUSED_METHODS


class RequestHead:
    """A request line and a ``section`` of fields, of which the next requests of a connection often bring the same.

    ``first_line`` is as the client sent it, with its CRLF. ``verbatim``: it and the Host field may be passed on unread,
    as long as the target is not rewritten. The other attributes are those of the section. To be taken as frozen.
    """

    __slots__ = (
        "authority",
        "first_line",
        "framing",
        "has_body",
        "keep_alive",
        "method",
        "section",
        "target",
        "upgrade",
        "verbatim",
        "version",
    )

    def __init__(
        self,
        method: str,
        target: Target,
        version: tuple[int, int],
        first_line: bytes,
        section: HeaderSection,
        verbatim: bool,
    ) -> None:
        self.method: Final = method
        self.target: Final = target
        self.version: Final = version
        self.first_line: Final = first_line
        self.section: Final = section
        self.verbatim: Final = verbatim and section.host_is_plain
        self.authority: Final = section.authority
        self.framing: Final = section.framing
        self.has_body: Final = section.has_body
        self.keep_alive: Final = section.keep_alive
        self.upgrade: Final = section.upgrade

    @property
    def length(self) -> int:
        """In bytes, as the client sent it."""
        return len(self.first_line) + self.section.length

    @property
    def expects_continue(self) -> bool:
        return self.section.expects_continue

    @property
    def takes_trailers(self) -> bool:
        return self.section.takes_trailers

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.section.fields

    def values(self, name: bytes) -> list[bytes]:
        """All values of the field ``name`` (lower case), in order."""
        return self.section.values(name)


_SCANNER: Final = FieldScanner(REPLACED)
_HARMLESS_OPTIONS: Final = REPLACED | {b"close"}
_NO_BODY: Final = Framing()


def leading_request_head(data: bytes, limits: HeadLimits, last: HeaderSection) -> RequestHead | None:
    """Parse the head at the start of ``data`` if all of it is there, and plain; None says nothing against it. Raises
    Failure.

    Most reads begin with such a head, and most have the same fields as the ``last`` one on their connection: then the
    first line alone is new. Compiled, one walk over the bytes replaces several searches.
    """
    try:
        return _leading_request_head(data, limits, last)
    except IndexError:
        return None  # the data ends within the head


def _leading_request_head(data: bytes, limits: HeadLimits, last: HeaderSection) -> RequestHead | None:
    method, begin = plain_method(data)
    if begin == 0:
        return None
    target, line_end = plain_target(data, begin)
    if target is None or not stands_at(data, line_end, b" HTTP/1.1\r\n"):
        return None
    line_end += 9
    first_line = data[: line_end + 2]
    if last.stands_at(data, line_end + 2):
        if line_end + 2 + last.length > limits.line:
            return None
        return RequestHead(method, target, HTTP_1_1, first_line, last, verbatim=True)
    scan = _SCANNER.scan(data, line_end)
    if scan is None or scan.end > limits.line or scan.count > limits.fields:
        return None
    head = data if scan.end == len(data) else data[: scan.end]
    section = _interpret(head, line_end + 2, method, None, HTTP_1_1, scan, last=last.authority)
    return RequestHead(method, target, HTTP_1_1, first_line, section, verbatim=True)


def parse_request_head(head: bytes, limits: HeadLimits) -> RequestHead:
    """Parse everything up to and including the empty line. Raises Failure."""
    line_end = head.find(b"\r\n")
    method, target_text, version = parse_request_line(head, line_end, limits)
    if len(head) > limits.total:
        raise Failure(Reason.HEADERS_TOO_LARGE, f"the header is longer than {limits.total} bytes")
    scan = _SCANNER.scan(head, line_end)
    if scan is None or scan.end != len(head):
        _raise_long_line(head[line_end + 2 : -2], limits)
        raise Failure(Reason.MALFORMED_REQUEST, "a header line is not a name, a colon and a value")
    if scan.count > limits.fields:
        raise Failure(Reason.HEADERS_TOO_LARGE, f"the header has more than {limits.fields} fields")
    if len(head) > limits.line:
        _raise_long_line(head[line_end + 2 : -2], limits)

    if method not in METHODS:
        if method in REFUSED_METHODS:
            raise Failure(Reason.METHOD_NOT_ALLOWED, f"{method} is not served")
        raise Failure(Reason.MALFORMED_REQUEST, "the method is not known")
    target, target_authority = parse_target(method, target_text)
    verbatim = head.startswith(b" HTTP/1.1", line_end - 9) and str(target) == target_text.decode("latin-1")
    section = _interpret(head, line_end + 2, method, target_authority, version, scan, last=NO_AUTHORITY)
    return RequestHead(method, target, version, head[: line_end + 2], section, verbatim)


def _interpret(
    head: bytes,
    begin: int,
    method: str,
    target_authority: bytes | None,
    version: tuple[int, int],
    scan: FieldScan,
    *,
    last: Authority,
) -> HeaderSection:
    """Read what the known fields say."""
    host: KnownField | None = None
    lengths: tuple[bytes, ...] = ()
    codings: tuple[bytes, ...] = ()
    connection: tuple[bytes, ...] = ()
    expectations: tuple[bytes, ...] = ()
    upgrades: tuple[bytes, ...] = ()
    request_ids: tuple[bytes, ...] = ()
    takes_trailers = False
    for field in scan.known:
        name = field.name
        if name == b"host":
            if host is not None:
                raise Failure(Reason.MALFORMED_REQUEST, "there is more than one Host field")
            host = field
        elif name == b"connection":
            connection += list_elements(field.value)
        elif name == b"content-length":
            lengths += (field.value,)
        elif name == b"transfer-encoding":
            codings += (field.value,)
        elif name == b"expect":
            expectations += list_elements(field.value)
        elif name == b"upgrade":
            upgrades += list_elements(field.value)
        elif name == b"te":
            # RFC 9110 section 10.1.4. HTTP/1.0 has no chunks, and so no trailers.
            takes_trailers = takes_trailers or (version[1] >= 1 and b"trailers" in list_elements(field.value))
        elif name == b"x-request-id":
            request_ids += (field.value,)
    framing = _parse_framing(lengths, codings, version) if lengths or codings else _NO_BODY
    return HeaderSection(
        head,
        begin,
        scan.known,
        authority=_parse_host(host, target_authority, version, last),
        framing=framing,
        keep_alive=b"close" not in connection if version[1] == 1 else b"keep-alive" in connection,
        spliceable=not scan.underscored and contains_all(_HARMLESS_OPTIONS, connection),
        host_is_plain=host is not None and host.plain,
        expects_continue=bool(expectations) and _parse_expect(expectations, version),
        upgrade=_parse_upgrade(upgrades, connection, method, version, framing) if upgrades else None,
        takes_trailers=takes_trailers,
        request_id=request_ids[0] if len(request_ids) == 1 else None,
        repeatable=version[1] == 1 and target_authority is None and not upgrades,
    )


def _raise_long_line(block: bytes, limits: HeadLimits) -> None:
    if any(len(line) > limits.line for line in block.split(b"\r\n")):
        raise Failure(Reason.HEADERS_TOO_LARGE, f"a header line is longer than {limits.line} bytes")


def _authority(text: bytes, last: Authority) -> Authority:
    return last if text == last.text and text else parse_authority(text)


def _parse_host(
    host: KnownField | None, target_authority: bytes | None, version: tuple[int, int], last: Authority
) -> Authority:
    """RFC 9112 section 3.2: a Host, and no second opinion in an absolute target."""
    if host is None:
        if version[1] >= 1:
            raise Failure(Reason.MALFORMED_REQUEST, "the Host field is missing")
        return NO_AUTHORITY if target_authority is None else parse_authority(target_authority)
    authority = _authority(host.value, last)
    if target_authority is not None:
        named = parse_authority(target_authority)
        if (named.host, named.port) != (authority.host, authority.port):
            raise Failure(Reason.MALFORMED_REQUEST, "the target and the Host field name different hosts")
    return authority


def _parse_framing(lengths: tuple[bytes, ...], codings: tuple[bytes, ...], version: tuple[int, int]) -> Framing:
    """RFC 9112 section 6.3, without its leniencies: any ambiguity is a smuggling attempt."""
    if codings:
        if lengths:
            raise Failure(Reason.MALFORMED_REQUEST, "there is both a Content-Length and a Transfer-Encoding")
        if version[1] < 1:
            raise Failure(Reason.MALFORMED_REQUEST, "HTTP/1.0 has no Transfer-Encoding")
        if len(codings) > 1:
            raise Failure(Reason.MALFORMED_REQUEST, "there is more than one Transfer-Encoding field")
        return _parse_transfer_encoding(codings[0])
    if len(lengths) > 1:
        raise Failure(Reason.MALFORMED_REQUEST, "there is more than one Content-Length field")
    try:
        return Framing(parse_content_length(lengths[0]))
    except FramingError as error:
        raise Failure(Reason.MALFORMED_REQUEST, str(error)) from None


_CODING = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")


def _parse_transfer_encoding(value: bytes) -> Framing:
    codings = [coding.strip(b" \t") for coding in value.lower().split(b",")]
    if codings == [b"chunked"]:
        return Framing(chunked=True)
    if not all([_CODING.fullmatch(coding) for coding in codings]) or b"chunked" in codings[:-1]:
        raise Failure(Reason.MALFORMED_REQUEST, "Transfer-Encoding is not a list of codings that ends in chunked")
    raise Failure(Reason.UNKNOWN_TRANSFER_CODING, "Transfer-Encoding names a coding other than chunked")


def _parse_expect(expectations: tuple[bytes, ...], version: tuple[int, int]) -> bool:
    """RFC 9110 section 10.1.1; HTTP/1.0 has no interim answers, so an expectation there means nothing."""
    if version[1] < 1:
        return False
    if any([expectation != b"100-continue" for expectation in expectations]):
        raise Failure(Reason.EXPECTATION_FAILED, "the expectation is not 100-continue")
    return True


def _parse_upgrade(
    protocols: tuple[bytes, ...],
    connection: tuple[bytes, ...],
    method: str,
    version: tuple[int, int],
    framing: Framing,
) -> bytes | None:
    """Return the protocol that the request validly asks for.

    HTTP/2 in clear text (``h2c``) is never entered by an upgrade: what then travels would pass every route check
    unseen. An upgrade with a body would make its end a matter of opinion, so it is refused.
    """
    if b"upgrade" not in connection or len(protocols) != 1 or version[1] < 1:
        return None
    protocol = protocols[0]
    if protocol in (b"h2c", b"h2", b"http/2.0") or (protocol == b"websocket" and method != "GET"):
        return None
    if framing.chunked or framing.length:
        raise Failure(Reason.MALFORMED_REQUEST, "an upgrade request has a body")
    return protocol
