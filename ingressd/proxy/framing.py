"""How the end of a body is known, and the strict readers of each way (RFC 9112 sections 6 and 7)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from ingressd.proxy.compiled import COMPILED
from ingressd.proxy.fields import TOKEN, Field, parse_fields

if TYPE_CHECKING:
    from mypy_extensions import i64

_ZERO: Final = 0x30
_NINE: Final = 0x39
MAX_CHUNK_EXTENSION_BYTES = 256
MAX_BODY_EXTENSION_BYTES = 4096
MAX_TRAILER_BYTES = 8192
MAX_LENGTH_DIGITS: Final = 19
MAX_TRAILERS = 64

_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_EXTENSION = rb";[ \t]*" + TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + TOKEN + rb"|" + _QUOTED + rb"))?"
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})((?:" + _EXTENSION + rb")*)")


class Framing:
    """``length`` in bytes; ``chunked``; or neither: for a request no body, for a response until the end."""

    __slots__ = ("chunked", "length")

    def __init__(self, length: int | None = None, chunked: bool = False) -> None:
        self.length: Final = length
        self.chunked: Final = chunked

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Framing):
            return NotImplemented
        return self.length == other.length and self.chunked == other.chunked

    def __hash__(self) -> int:
        return hash((self.length, self.chunked))

    def __repr__(self) -> str:
        return f"Framing({self.length}, chunked={self.chunked})"


class FramingError(ValueError):
    """The bytes are not a validly framed body; the text says why."""


def parse_content_length(value: bytes) -> int:
    """Only digits (``bytes.isdigit`` knows those of ASCII alone), and few enough of them: ``int`` would take a sign,
    spaces and underscores. Raises FramingError."""
    if COMPILED and 0 < len(value) < MAX_LENGTH_DIGITS:
        length: i64 = 0
        for byte in value:
            if not _ZERO <= byte <= _NINE:
                raise FramingError("Content-Length is not a number")
            length = length * 10 + (byte - _ZERO)
        return length
    if not value.isdigit() or len(value) > MAX_LENGTH_DIGITS:
        raise FramingError("Content-Length is not a number")
    return int(value)


class BodyReader(ABC):
    """Takes bytes as they come from a connection, gives the body's bytes back."""

    def __init__(self, *, complete: bool = False) -> None:
        self.complete = complete

    @abstractmethod
    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the body's bytes in ``data``, and what follows the end of the body. Raises FramingError."""

    @abstractmethod
    def feed_end(self) -> None:
        """Say that the connection has no more bytes. Raises FramingError if the body is not complete."""


class LengthReader(BodyReader):
    """A body of a known number of bytes."""

    def __init__(self, length: int) -> None:
        super().__init__(complete=length == 0)
        self.remaining = length

    def pass_by(self, count: int) -> bool:
        """Count bytes that are all the body's; False when they are more than it has left."""
        if count > self.remaining:
            return False
        self.remaining -= count
        self.complete = self.remaining == 0
        return True

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        if len(data) <= self.remaining:
            self.remaining -= len(data)
            self.complete = self.remaining == 0
            return data, b""
        body, rest = data[: self.remaining], data[self.remaining :]
        self.remaining = 0
        self.complete = True
        return body, rest

    def feed_end(self) -> None:
        if not self.complete:
            raise FramingError(f"the body ended {self.remaining} bytes early")


class UntilEndReader(BodyReader):
    """A body that lasts until the connection ends; only a response may have one."""

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""

    def feed_end(self) -> None:
        self.complete = True


class ChunkedReader(BodyReader):
    """A chunked body. Extensions are checked, bounded and dropped; ``trailers`` are what stood behind the body."""

    def __init__(self) -> None:
        super().__init__()
        self.trailers: list[Field] = []
        self._buffer = b""
        self._chunk_remaining = 0
        self._expect_line_end = False
        self._in_trailers = False
        self._extension_bytes = 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        data = self._buffer + data if self._buffer else data
        self._buffer = b""
        position = 0
        pieces: list[bytes] = []
        while not self.complete:
            if self._chunk_remaining:
                piece = data[position : position + self._chunk_remaining]
                if not piece:
                    break
                pieces.append(piece)
                position += len(piece)
                self._chunk_remaining -= len(piece)
                self._expect_line_end = self._chunk_remaining == 0
                continue
            if self._expect_line_end:
                line_end = data[position : position + 2]
                if not b"\r\n".startswith(line_end):
                    raise FramingError("chunk data is not followed by CRLF")
                if len(line_end) < 2:
                    break
                position += 2
                self._expect_line_end = False
            advanced = self._read_trailers(data, position) if self._in_trailers else self._read_size(data, position)
            if advanced == position:
                break
            position = advanced
        rest = data[position:]
        if self.complete:
            return b"".join(pieces), rest
        self._buffer = rest
        return b"".join(pieces), b""

    def feed_end(self) -> None:
        if not self.complete:
            raise FramingError("the body ended before its last chunk")

    def _read_size(self, data: bytes, position: int) -> int:
        end = data.find(b"\n", position, position + MAX_CHUNK_EXTENSION_BYTES + 32)
        if end < 0:
            if len(data) - position > MAX_CHUNK_EXTENSION_BYTES + 16:
                raise FramingError("a chunk's first line is too long")
            return position
        match = _CHUNK_LINE.fullmatch(data, position, end - 1)
        if match is None or data[end - 1 : end] != b"\r":
            raise FramingError("a chunk's first line is not a size in hexadecimal digits")
        self._extension_bytes += len(match[2])
        if len(match[2]) > MAX_CHUNK_EXTENSION_BYTES or self._extension_bytes > MAX_BODY_EXTENSION_BYTES:
            raise FramingError("chunk extensions are too long")
        self._chunk_remaining = int(match[1], 16)
        self._in_trailers = self._chunk_remaining == 0
        return end + 1

    def _read_trailers(self, data: bytes, position: int) -> int:
        if data.startswith(b"\r\n", position):
            self.complete = True
            return position + 2
        end = data.find(b"\r\n\r\n", position)
        if end < 0:
            if len(data) - position > MAX_TRAILER_BYTES or re.search(rb"(?<!\r)\n", data[position:]):
                raise FramingError("the trailers are too long, or their lines do not end in CRLF")
            return position
        trailers = parse_fields(data[position : end + 2]) if end - position <= MAX_TRAILER_BYTES else None
        if trailers is None or len(trailers) > MAX_TRAILERS:
            raise FramingError("the trailers are too long, too many, or not header fields")
        self.trailers = trailers
        self.complete = True
        return end + 4


def chunk(data: bytes) -> bytes:
    """Frame ``data``, which is not empty, as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def last_chunk(trailer_lines: bytes) -> bytes:
    """Return the end of a chunked body; each of the lines ends in CRLF."""
    return b"0\r\n%b\r\n" % trailer_lines
