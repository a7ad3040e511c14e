"""A request's first line: method, target and version (RFC 9112 section 3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ingressd.proxy.failures import Failure, Reason
from ingressd.routing.methods import METHODS

if TYPE_CHECKING:
    from mypy_extensions import i64

_REQUEST_LINE: Final = re.compile(rb"([!#-'*+\-.0-9A-Z^_`a-z|~]+) ([^ \t]+) HTTP/([0-9])\.([0-9])")
MAX_METHOD_BYTES: Final = 32
HTTP_1_1: Final = (1, 1)
HTTP_1_0: Final = (1, 0)


class HeadLimits:
    """Bytes, and a number of fields."""

    __slots__ = ("fields", "line", "total")

    def __init__(self, *, line: int = 8192, total: int = 32768, fields: int = 100) -> None:
        self.line: Final = line
        self.total: Final = total
        self.fields: Final = fields


def parse_request_line(head: bytes, line_end: int, limits: HeadLimits) -> tuple[str, bytes, tuple[int, int]]:
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
    return method.decode("ascii"), target, HTTP_1_0 if minor == b"0" else HTTP_1_1


def plain_method(head: bytes) -> tuple[str, int]:
    """Return the method, and where the target begins; 0 when the head does not begin with a known one. Raises
    IndexError when it ends too early to tell."""
    end: i64 = 0
    while head[end] >= _UPPER_A and head[end] <= _UPPER_Z:
        end += 1
    if head[end] == _SPACE and end < len(_METHODS_BY_LENGTH):
        text = head[:end]
        for name, method in _METHODS_BY_LENGTH[end]:
            if text == name:
                return method, end + 1
    return "", 0


def stands_at(data: bytes, position: int, text: bytes) -> bool:
    """``data.startswith(text, position)``, which makes a tuple of its arguments first."""
    return data[position : position + len(text)] == text


_UPPER_A: Final = 0x41
_UPPER_Z: Final = 0x5A
_SPACE: Final = 0x20
_USUAL: Final = ("GET", "POST")
_METHODS: Final = (*_USUAL, *sorted(METHODS.difference(_USUAL)))
_METHODS_BY_LENGTH: Final[list[list[tuple[bytes, str]]]] = [
    [(method.encode("ascii"), method) for method in _METHODS if len(method) == length]
    for length in range(max(map(len, METHODS)) + 1)
]
