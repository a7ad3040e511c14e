"""A request's first line and fields, validated once; whatever comes after uses only this value.

Two parsers that disagree on one request are how requests get smuggled, so what is not strictly valid is refused
here, before a route, an upstream or a Python handler has seen a byte of it.
"""

from __future__ import annotations

import re

import msgspec

from ingressd.proxy.authority import NO_AUTHORITY, Authority, parse_authority
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.fields import Field, FieldScanner, KnownField, list_elements, parse_fields
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.framing import Framing, FramingError, parse_content_length
from ingressd.proxy.target import Target, parse_target
from ingressd.routing.methods import METHODS, REFUSED_METHODS

_REQUEST_LINE = re.compile(rb"([!#-'*+\-.0-9A-Z^_`a-z|~]+) ([^ \t]+) HTTP/([0-9])\.([0-9])")
MAX_METHOD_BYTES = 32


class HeadLimits(msgspec.Struct, frozen=True):
    """Bytes, and a number of fields."""

    line: int = 8192
    total: int = 32768
    fields: int = 100


class RequestHead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``raw`` is the whole head as the client sent it, whose field lines begin at ``fields_begin``; ``known`` are the
    fields in it that are not passed on as they are. ``upgrade`` is the protocol asked for, in lower case, when the
    request validly asks for one. ``spliceable``: every other line may be passed on unread. ``takes_trailers``: the
    client wants the fields behind a chunked answer."""

    method: str
    target: Target
    authority: Authority
    version: tuple[int, int]
    raw: bytes
    fields_begin: int
    known: list[KnownField]
    framing: Framing
    keep_alive: bool
    has_body: bool
    spliceable: bool
    expects_continue: bool = False
    upgrade: bytes | None = None
    takes_trailers: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field in the order, spelling and bytes of the client, without fields whose name has an underscore:
        applications read ``X_Real_Ip`` and ``X-Real-Ip`` as one. It is read anew each time."""
        fields = parse_fields(self.raw[self.fields_begin : -2]) or ()
        return tuple(field for field in fields if b"_" not in field[0])

    def values(self, name: bytes) -> list[bytes]:
        """All values of the field ``name`` (lower case), in order."""
        if name in REPLACED:
            return [value for lower, value, _, _ in self.known if lower == name]
        return [value for lower, _, value in self.fields if lower == name]


_SCANNER = FieldScanner(REPLACED)
_UNDERSCORED = re.compile(rb"\r\n[^:\r_]*+_")
_NO_VALUES: list[bytes] = []
_HARMLESS_OPTIONS = REPLACED | {b"close"}


def parse_request_head(head: bytes, limits: HeadLimits) -> RequestHead:
    """Parse everything up to and including the empty line. Raises Failure."""
    line_end = head.find(b"\r\n")
    method, target_text, version = _parse_request_line(head, line_end, limits)
    if len(head) > limits.total:
        raise Failure(Reason.HEADERS_TOO_LARGE, f"the header is longer than {limits.total} bytes")
    known = _SCANNER.scan(head, line_end)
    if known is None:
        _raise_long_line(head[line_end + 2 : -2], limits)
        raise Failure(Reason.MALFORMED_REQUEST, "a header line is not a name, a colon and a value")
    if head.count(b"\n") - 2 > limits.fields:
        raise Failure(Reason.HEADERS_TOO_LARGE, f"the header has more than {limits.fields} fields")
    if len(head) > limits.line:
        _raise_long_line(head[line_end + 2 : -2], limits)

    if method not in METHODS:
        if method in REFUSED_METHODS:
            raise Failure(Reason.METHOD_NOT_ALLOWED, f"{method} is not served")
        raise Failure(Reason.MALFORMED_REQUEST, "the method is not known")
    target, target_authority = parse_target(method, target_text)
    special: dict[bytes, list[bytes]] = {}
    for name, value, _, _ in known:
        if name in special:
            special[name].append(value)
        else:
            special[name] = [value]
    framing, connection, expects_continue, upgrade, takes_trailers = _NO_BODY, _NO_VALUES, False, None, False
    # Most heads have no known field beside Host.
    if len(special) > 1 or b"host" not in special:
        framing = _parse_framing(special, version)
        connection = list_elements(special.get(b"connection", _NO_VALUES))
        expects_continue = _parse_expect(special.get(b"expect", _NO_VALUES), version)
        upgrade = _parse_upgrade(special.get(b"upgrade", _NO_VALUES), connection, method, version, framing)
        # RFC 9110 section 10.1.4. HTTP/1.0 has no chunks, and so no trailers.
        takes_trailers = b"te" in special and version == _HTTP_1_1 and b"trailers" in list_elements(special[b"te"])
    return RequestHead(
        method=method,
        target=target,
        authority=_parse_host(special.get(b"host", _NO_VALUES), target_authority, version),
        version=version,
        raw=head,
        fields_begin=line_end + 2,
        known=known,
        framing=framing,
        keep_alive=b"close" not in connection if version == _HTTP_1_1 else b"keep-alive" in connection,
        has_body=framing.chunked or bool(framing.length),
        spliceable=(not connection or _HARMLESS_OPTIONS.issuperset(connection))
        and (b"_" not in head or _UNDERSCORED.search(head, line_end) is None),
        expects_continue=expects_continue,
        upgrade=upgrade,
        takes_trailers=takes_trailers,
    )


_HTTP_1_1, _HTTP_1_0 = (1, 1), (1, 0)
_NO_BODY = Framing()


def _parse_request_line(head: bytes, line_end: int, limits: HeadLimits) -> tuple[str, bytes, tuple[int, int]]:
    match = _REQUEST_LINE.fullmatch(head, 0, line_end)
    if match is None:
        if line_end > limits.line:
            raise Failure(Reason.TARGET_TOO_LONG, f"the request line is longer than {limits.line} bytes")
        raise Failure(Reason.MALFORMED_REQUEST, "the request line is not METHOD TARGET HTTP/1.1")
    method, target, major, minor = match.groups()
    if len(method) > MAX_METHOD_BYTES:
        raise Failure(Reason.MALFORMED_REQUEST, "the method is not known")
    if line_end > limits.line:
        raise Failure(Reason.TARGET_TOO_LONG, f"the request line is longer than {limits.line} bytes")
    if major != b"1":
        raise Failure(Reason.UNKNOWN_VERSION, f"HTTP/{major.decode()}.{minor.decode()} is not served on this port")
    return method.decode("ascii"), target, _HTTP_1_0 if minor == b"0" else _HTTP_1_1


def _raise_long_line(block: bytes, limits: HeadLimits) -> None:
    if any(len(line) > limits.line for line in block.split(b"\r\n")):
        raise Failure(Reason.HEADERS_TOO_LARGE, f"a header line is longer than {limits.line} bytes")


def _parse_host(values: list[bytes], target_authority: bytes | None, version: tuple[int, int]) -> Authority:
    """RFC 9112 section 3.2: exactly one Host, and no second opinion in an absolute target."""
    if len(values) > 1:
        raise Failure(Reason.MALFORMED_REQUEST, "there is more than one Host field")
    if not values:
        if version >= (1, 1):
            raise Failure(Reason.MALFORMED_REQUEST, "the Host field is missing")
        return NO_AUTHORITY if target_authority is None else parse_authority(target_authority)
    authority = parse_authority(values[0])
    if target_authority is not None:
        named = parse_authority(target_authority)
        if (named.host, named.port) != (authority.host, authority.port):
            raise Failure(Reason.MALFORMED_REQUEST, "the target and the Host field name different hosts")
    return authority


def _parse_framing(special: dict[bytes, list[bytes]], version: tuple[int, int]) -> Framing:
    """RFC 9112 section 6.3, without its leniencies: any ambiguity is a smuggling attempt."""
    lengths = special.get(b"content-length", [])
    codings = special.get(b"transfer-encoding", [])
    if codings:
        if lengths:
            raise Failure(Reason.MALFORMED_REQUEST, "there is both a Content-Length and a Transfer-Encoding")
        if version < (1, 1):
            raise Failure(Reason.MALFORMED_REQUEST, "HTTP/1.0 has no Transfer-Encoding")
        if len(codings) > 1:
            raise Failure(Reason.MALFORMED_REQUEST, "there is more than one Transfer-Encoding field")
        return _parse_transfer_encoding(codings[0])
    if len(lengths) > 1:
        raise Failure(Reason.MALFORMED_REQUEST, "there is more than one Content-Length field")
    if not lengths:
        return _NO_BODY
    try:
        return Framing(length=parse_content_length(lengths[0]))
    except FramingError as error:
        raise Failure(Reason.MALFORMED_REQUEST, str(error)) from None


_CODING = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")


def _parse_transfer_encoding(value: bytes) -> Framing:
    codings = [coding.strip(b" \t") for coding in value.lower().split(b",")]
    if codings == [b"chunked"]:
        return Framing(chunked=True)
    if not all(_CODING.fullmatch(coding) for coding in codings) or b"chunked" in codings[:-1]:
        raise Failure(Reason.MALFORMED_REQUEST, "Transfer-Encoding is not a list of codings that ends in chunked")
    raise Failure(Reason.UNKNOWN_TRANSFER_CODING, "Transfer-Encoding names a coding other than chunked")


def _parse_expect(values: list[bytes], version: tuple[int, int]) -> bool:
    """RFC 9110 section 10.1.1; HTTP/1.0 has no interim answers, so an expectation there means nothing."""
    if not values or version < (1, 1):
        return False
    if any(element != b"100-continue" for element in list_elements(values)):
        raise Failure(Reason.EXPECTATION_FAILED, "the expectation is not 100-continue")
    return True


def _parse_upgrade(
    values: list[bytes], connection: list[bytes], method: str, version: tuple[int, int], framing: Framing
) -> bytes | None:
    """Return the protocol that the request validly asks for.

    HTTP/2 in clear text (``h2c``) is never entered by an upgrade: what then travels would pass every route check
    unseen. An upgrade with a body would make its end a matter of opinion, so it is refused.
    """
    protocols = list_elements(values)
    if b"upgrade" not in connection or len(protocols) != 1 or version < (1, 1):
        return None
    protocol = protocols[0]
    if protocol in (b"h2c", b"h2", b"http/2.0") or (protocol == b"websocket" and method != "GET"):
        return None
    if framing.chunked or framing.length:
        raise Failure(Reason.MALFORMED_REQUEST, "an upgrade request has a body")
    return protocol
