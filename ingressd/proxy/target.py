"""The path and query of a request, in the one spelling that everything after the parser uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ingressd.proxy.byte_classes import byte_classes
from ingressd.proxy.failures import Failure, Reason
from ingressd.routing.path import PathError, canonical_path

if TYPE_CHECKING:
    from mypy_extensions import i64

# RFC 3986 allows less, but browsers send some of the rest unescaped (|, ^, and a backslash in a query).
_PATH = re.compile(rb"/[!\"$-\[\]-~]*")
_QUERY = re.compile(rb"[!\"$-~]*")
_PLAIN_FIRST = rb"[!\"$&-\-0->@-\[\]-~]"
_PLAIN_QUERY = rb"[!\"$-~]"
_PLAIN_SEGMENT = rb"/" + _PLAIN_FIRST + rb"[!\"$&-.0->@-\[\]-~]*+"
_PLAIN = re.compile(rb"(?=/)((?:" + _PLAIN_SEGMENT + rb")*+/?)(?:\?(" + _PLAIN_QUERY + rb"*+))?")
"""Most targets: a path that is canonical as it is, since no segment begins with a dot and nothing is escaped."""
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*://([^/?]*)(.*)", re.DOTALL)


class Target:
    """``path`` is canonical (``routing.path``). ``query`` is as the client sent it, without the question mark;
    None when there is none."""

    __slots__ = ("path", "query")

    def __init__(self, path: str, query: str | None) -> None:
        self.path: Final = path
        self.query: Final = query

    def __str__(self) -> str:
        return self.path if self.query is None else f"{self.path}?{self.query}"

    def __eq__(self, other: object) -> bool:
        return self.path == other.path and self.query == other.query if isinstance(other, Target) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.path, self.query))

    def __repr__(self) -> str:
        return f"Target({self.path!r}, {self.query!r})"


ASTERISK: Final = Target("*", None)


def plain_target(data: bytes, begin: int) -> tuple[Target | None, int]:
    """Walk over the target that begins at ``begin`` and return it, and where it ends; None unless it is canonical as
    it is, which most are. It says the same as ``_PLAIN``, and is faster where it is compiled."""
    classes = _BYTE_CLASSES
    position: i64 = begin
    if data[position] != _SLASH:
        return None, begin
    segment_begins = True
    while True:
        position += 1
        byte: i64 = data[position]
        if classes[byte] & _IN_SEGMENT:
            segment_begins = False
        elif byte == _SLASH and not segment_begins:
            segment_begins = True
        elif byte != _DOT or segment_begins:
            break
    path_end: i64 = position
    if byte == _SPACE:
        return Target(data[begin:path_end].decode("ascii"), None), path_end
    if byte != _QUESTION_MARK:
        return None, begin
    position += 1
    while classes[data[position]] & _IN_QUERY:
        position += 1
    if data[position] != _SPACE:
        return None, begin
    return Target(data[begin:path_end].decode("ascii"), data[path_end + 1 : position].decode("ascii")), position


_SPACE: Final = 0x20
_SLASH: Final = 0x2F
_DOT: Final = 0x2E
_QUESTION_MARK: Final = 0x3F
_IN_SEGMENT: Final = 1
_IN_QUERY: Final = 2

_BYTE_CLASSES: Final = byte_classes(((_IN_SEGMENT, _PLAIN_FIRST), (_IN_QUERY, _PLAIN_QUERY)))


def parse_target(method: str, text: bytes) -> tuple[Target, bytes | None]:
    """Return the target, and the authority if the target is in absolute form (RFC 9112 section 3.2).

    Raises Failure.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        path_text, query_text = plain.groups()
        return Target(path_text.decode("ascii"), None if query_text is None else query_text.decode("ascii")), None
    if text == b"*":
        if method != "OPTIONS":
            raise Failure(Reason.MALFORMED_REQUEST, "only OPTIONS may ask for *")
        return ASTERISK, None
    authority = None
    if not text.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(text)
        if absolute is None:
            raise Failure(Reason.MALFORMED_REQUEST, "the request target is neither a path nor a URL")
        authority, text = absolute[1], absolute[2]
        if not text.startswith(b"/"):
            text = b"/" + text
    path, question_mark, query = text.partition(b"?")
    if not _PATH.fullmatch(path):
        raise Failure(Reason.MALFORMED_REQUEST, "the path holds a character that must be escaped")
    if not _QUERY.fullmatch(query):
        raise Failure(Reason.MALFORMED_REQUEST, "the query holds a character that must be escaped")
    try:
        canonical = canonical_path(path.decode("ascii"))
    except PathError as error:
        raise Failure(Reason.MALFORMED_REQUEST, str(error)) from None
    return Target(canonical, query.decode("ascii") if question_mark else None), authority
