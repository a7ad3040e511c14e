"""The first message of a TLS client, read before TLS is started.

The caller gathers the bytes of a new connection and asks for a decision. Every way of cutting the same
message into TLS records and TCP segments leads to the same decision; a parser that looks at the first
segment or record only lets a client choose another host's policy by cutting its message in two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from tls.names import canonical_server_name

if TYPE_CHECKING:
    from mypy_extensions import i64

LARGEST_HELLO_BYTES: Final = 64 * 1024
"""Bound of everything up to the end of the message, record headers included; browsers send about 2 KiB."""

_RECORD_HEADER: Final = 5
_HANDSHAKE_HEADER: Final = 4
_LARGEST_RECORD: Final = 1 << 14  # RFC 8446 section 5.1
_HANDSHAKE_RECORD: Final = 22
_TLS_MAJOR_VERSION: Final = 3
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0  # RFC 6066 section 3
_HOST_NAME: Final = 0
_ALPN: Final = 16  # RFC 7301 section 3.1
_EXTENSION_HEADER: Final = 4
_ABSENT: Final = (0, 0)
_BITS: Final = 62
_BEYOND_END: Final = "a length in the ClientHello points beyond its end"


class ClientHello(NamedTuple):
    """``server_name`` is canonical; ``None`` if the client sent none, or one that is no DNS name."""

    server_name: str | None
    alpn: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Fewer than ``needed`` bytes in total cannot be a whole message; ``needed`` exceeds what was given."""

    needed: int


@dataclass(frozen=True, slots=True)
class NotTls:
    """These bytes are no ClientHello, and no bytes after them can make them one."""

    why: str
    start: bytes = field(default=b"", repr=False)
    """At most the first 16 bytes, to recognise what the client speaks instead."""


def parse_client_hello(data: bytes) -> ClientHello | Incomplete | NotTls:
    """Decides on the bytes received so far. Never raises. Bytes after the message are not looked at.

    A server name list with two host names, and an extension sent twice, are refused and not resolved: they
    are forbidden (RFC 6066 section 3, RFC 8446 section 4.2), and whoever picks one of the two may pick
    another than the TLS library does.
    """
    try:
        message = _only_record(data) or _reassemble(data[:LARGEST_HELLO_BYTES])
        return message if isinstance(message, Incomplete) else _decode(message)
    except _MalformedError as error:
        return NotTls(str(error), bytes(data[:16]))


class _MalformedError(Exception):
    pass


def _only_record(data: bytes) -> bytes | None:
    """What ``_reassemble`` returns, if the message is whole and in one record; nearly every client sends it so."""
    if len(data) < _RECORD_HEADER + _HANDSHAKE_HEADER:
        return None
    if data[0] != _HANDSHAKE_RECORD or data[1] != _TLS_MAJOR_VERSION or data[5] != _CLIENT_HELLO:
        return None
    record = data[3] << 8 | data[4]
    end = _RECORD_HEADER + _HANDSHAKE_HEADER + (data[6] << 16 | data[7] << 8 | data[8])
    if record > _LARGEST_RECORD or end > _RECORD_HEADER + record or end > len(data):
        return None
    return data[_RECORD_HEADER + _HANDSHAKE_HEADER : end]


def _reassemble(data: bytes) -> bytes | Incomplete:
    """The body of the handshake message, from the payloads of its records (RFC 8446 section 5.1)."""
    payload = bytearray()
    position = 0
    while True:
        length = _record_length(data[position : position + _RECORD_HEADER])
        if length is None:
            return _incomplete(position + _RECORD_HEADER + _missing(payload))
        start = position + _RECORD_HEADER
        position = start + length
        payload += data[start:position]
        missing = _missing(payload)
        if missing <= 0:
            return bytes(payload[_HANDSHAKE_HEADER : len(payload) + missing])
        to_come = position - len(data)
        if to_come > 0:
            # What does not fit into this record needs the header of at least one more.
            return _incomplete(len(data) + missing + (_RECORD_HEADER if missing > to_come else 0))


def _record_length(header: bytes) -> int | None:
    """``None`` while the header is incomplete. Each byte is judged as soon as it is there."""
    if header[:1] not in {b"", bytes([_HANDSHAKE_RECORD])}:
        raise _MalformedError("the first record is no handshake record")
    # The minor version must be ignored (RFC 8446 section 5.1); the major one is 3 in every TLS there is.
    if header[1:2] not in {b"", b"\x03"}:
        raise _MalformedError("the record version is not that of TLS")
    if len(header) < _RECORD_HEADER:
        return None
    length = int.from_bytes(header[3:5], "big")
    if not 1 <= length <= _LARGEST_RECORD:
        raise _MalformedError(f"a handshake record cannot have {length} bytes")
    return length


def _missing(payload: bytearray) -> int:
    """Bytes that the handshake message lacks, as far as its start tells; negative if there are more."""
    if payload and payload[0] != _CLIENT_HELLO:
        raise _MalformedError("the first message is no ClientHello")
    if len(payload) < _HANDSHAKE_HEADER:
        return _HANDSHAKE_HEADER - len(payload)
    return _HANDSHAKE_HEADER + int.from_bytes(payload[1:_HANDSHAKE_HEADER], "big") - len(payload)


def _incomplete(needed: int) -> Incomplete:
    if needed > LARGEST_HELLO_BYTES:
        raise _MalformedError(f"the ClientHello is larger than {LARGEST_HELLO_BYTES} bytes")
    return Incomplete(needed)


def _decode(body: bytes) -> ClientHello:
    """RFC 8446 section 4.1.2, which reads every earlier version too (RFC 5246 section 7.4.1.2)."""
    size = len(body)
    position = 2 + 32  # legacy_version, random
    position = _vector_end(body, position, size, 1, 0, 32)  # legacy_session_id
    position = _vector_end(body, position, size, 2, 2, 0xFFFE)  # cipher_suites
    position = _vector_end(body, position, size, 1, 1, 0xFF)  # legacy_compression_methods
    if position == size:
        return ClientHello(None)
    _require_end(_vector_end(body, position, size, 2, 0, 0xFFFF), size)
    server_name, alpn = _extensions(body, position + 2)
    return ClientHello(
        None if server_name == _ABSENT else _host_name(body, server_name[0], server_name[1]),
        () if alpn == _ABSENT else _protocols(body, alpn[0], alpn[1]),
    )


def _extensions(body: bytes, position: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the contents of the server name's extension and of ALPN's begin and end; ``position`` is where the first
    extension begins, and they last until the end of the body."""
    server_name = alpn = _ABSENT
    # A bit for each of the low numbers, which nearly all are.
    seen: i64 = 0
    seen_beyond: set[int] = set()
    size = len(body)
    while position < size:
        start = position + _EXTENSION_HEADER
        if start > size:
            raise _MalformedError(_BEYOND_END)
        kind = body[position] << 8 | body[position + 1]
        position = start + (body[position + 2] << 8 | body[position + 3])
        if position > size:
            raise _MalformedError(_BEYOND_END)
        if kind < _BITS:
            bit: i64 = 1 << kind
            twice = seen & bit != 0
            seen |= bit
        else:
            twice = kind in seen_beyond
            seen_beyond.add(kind)
        if twice:
            raise _MalformedError(f"extension {kind} is there twice")
        if kind == _SERVER_NAME:
            server_name = (start, position)
        elif kind == _ALPN:
            alpn = (start, position)
    return server_name, alpn


def _host_name(body: bytes, start: int, end: int) -> str | None:
    _require_end(_vector_end(body, start, end, 2, 1, 0xFFFF), end)
    position = start + 2
    found: set[int] = set()
    host_name: bytes | None = None
    while position < end:
        kind = body[position]
        if kind in found:
            raise _MalformedError("the server name list has two names of one type")
        found.add(kind)
        start = position + 3
        position = _vector_end(body, position + 1, end, 2, 1, 0xFFFF)
        if kind == _HOST_NAME:
            host_name = body[start:position]
    # Latin-1 accepts every byte, and the canonical form then refuses what is not ASCII.
    return None if host_name is None else canonical_server_name(host_name.decode("latin-1"))


def _protocols(body: bytes, start: int, end: int) -> tuple[bytes, ...]:
    _require_end(_vector_end(body, start, end, 2, 2, 0xFFFF), end)
    position = start + 2
    protocols: list[bytes] = []
    while position < end:
        start = position + 1
        position = _vector_end(body, position, end, 1, 1, 0xFF)
        protocols.append(body[start:position])
    return tuple(protocols)


def _vector_end(body: bytes, start: int, limit: int, width: int, smallest: int, largest: int) -> int:
    """Where a vector ends that begins with its length, of one or two bytes, at ``start`` (RFC 8446 section 3.4).

    The bounds are those of the specification. Nothing beyond ``limit`` belongs to it.
    """
    contents = start + width
    if contents > limit:
        raise _MalformedError(_BEYOND_END)
    length = body[start] if width == 1 else body[start] << 8 | body[start + 1]
    if not smallest <= length <= largest:
        raise _MalformedError("a length in the ClientHello is out of its range")
    if contents + length > limit:
        raise _MalformedError(_BEYOND_END)
    return contents + length


def _require_end(position: int, end: int) -> None:
    if position < end:
        raise _MalformedError("the ClientHello has bytes that belong to nothing")
