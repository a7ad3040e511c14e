"""The first message of a TLS client, read before TLS is started.

The caller gathers the bytes of a new connection and asks for a decision. Every way of cutting the same
message into TLS records and TCP segments leads to the same decision; a parser that looks at the first
segment or record only lets a client choose another host's policy by cutting its message in two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tls.names import canonical_server_name

LARGEST_HELLO_BYTES: Final = 64 * 1024
"""Bound of everything up to the end of the message, record headers included; browsers send about 2 KiB."""

_RECORD_HEADER: Final = 5
_HANDSHAKE_HEADER: Final = 4
_LARGEST_RECORD: Final = 1 << 14  # RFC 8446 section 5.1
_HANDSHAKE_RECORD: Final = 22
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0  # RFC 6066 section 3
_HOST_NAME: Final = 0
_ALPN: Final = 16  # RFC 7301 section 3.1
_EXTENSION_HEADER: Final = 4
_BEYOND_END: Final = "a length in the ClientHello points beyond its end"


@dataclass(frozen=True, slots=True)
class ClientHello:
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
        message = _reassemble(data[:LARGEST_HELLO_BYTES])
        return message if isinstance(message, Incomplete) else _decode(message)
    except _MalformedError as error:
        return NotTls(str(error), bytes(data[:16]))


class _MalformedError(Exception):
    pass


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
    hello = _Cursor(body)
    hello.take(2)  # legacy_version
    hello.take(32)  # random
    hello.vector(1, 0, 32)  # legacy_session_id
    hello.vector(2, 2, 0xFFFE)  # cipher_suites
    hello.vector(1, 1, 0xFF)  # legacy_compression_methods
    if not hello.left:
        return ClientHello(None)
    extensions = _extensions(hello.vector(2, 0, 0xFFFF))
    hello.end()
    server_name = alpn = None
    if _SERVER_NAME in extensions:
        server_name = _host_name(extensions[_SERVER_NAME])
    if _ALPN in extensions:
        alpn = _protocols(extensions[_ALPN])
    return ClientHello(server_name, alpn or ())


def _extensions(block: bytes) -> dict[int, bytes]:
    """Without a cursor: a browser sends twenty of them, and the rest of a ClientHello is short."""
    extensions: dict[int, bytes] = {}
    position, size = 0, len(block)
    while position < size:
        if position + _EXTENSION_HEADER > size:
            raise _MalformedError(_BEYOND_END)
        kind = block[position] << 8 | block[position + 1]
        start = position + _EXTENSION_HEADER
        position = start + (block[position + 2] << 8 | block[position + 3])
        if position > size:
            raise _MalformedError(_BEYOND_END)
        if kind in extensions:
            raise _MalformedError(f"extension {kind} is there twice")
        extensions[kind] = block[start:position]
    return extensions


def _host_name(extension: bytes) -> str | None:
    outer = _Cursor(extension)
    names = _Cursor(outer.vector(2, 1, 0xFFFF))
    outer.end()
    found: dict[int, bytes] = {}
    while names.left:
        kind = names.number(1)
        if kind in found:
            raise _MalformedError("the server name list has two names of one type")
        found[kind] = names.vector(2, 1, 0xFFFF)
    # Latin-1 accepts every byte, and the canonical form then refuses what is not ASCII.
    return canonical_server_name(found[_HOST_NAME].decode("latin-1")) if _HOST_NAME in found else None


def _protocols(extension: bytes) -> tuple[bytes, ...]:
    outer = _Cursor(extension)
    cursor = _Cursor(outer.vector(2, 2, 0xFFFF))
    outer.end()
    protocols: list[bytes] = []
    while cursor.left:
        protocols.append(cursor.vector(1, 1, 0xFF))
    return tuple(protocols)


class _Cursor:
    """Reads the presentation language of RFC 8446 section 3."""

    __slots__ = ("_data", "_position", "_size")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._size = len(data)

    @property
    def left(self) -> int:
        return self._size - self._position

    def take(self, count: int) -> bytes:
        begin = self._position
        end = self._position = begin + count
        if end > self._size:
            raise _MalformedError(_BEYOND_END)
        return self._data[begin:end]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int, smallest: int, largest: int) -> bytes:
        """A length of ``width`` bytes and then so many bytes; the bounds are those of the specification."""
        length = int.from_bytes(self.take(width), "big")
        if not smallest <= length <= largest:
            raise _MalformedError("a length in the ClientHello is out of its range")
        return self.take(length)

    def end(self) -> None:
        if self._position < self._size:
            raise _MalformedError("the ClientHello has bytes that belong to nothing")
