"""The path and query of a request, in the one spelling that everything after the parser uses."""

from __future__ import annotations

import re

import msgspec

from ingressd.proxy.failures import Failure, Reason
from ingressd.routing.path import PathError, canonical_path

# RFC 3986 allows less, but browsers send some of the rest unescaped (|, ^, and a backslash in a query).
_PATH = re.compile(rb"/[!\"$-\[\]-~]*")
_QUERY = re.compile(rb"[!\"$-~]*")
_PLAIN_SEGMENT = rb"/[!\"$&-\-0->@-\[\]-~][!\"$&-.0->@-\[\]-~]*+"
_PLAIN = re.compile(rb"(?=/)((?:" + _PLAIN_SEGMENT + rb")*+/?)(?:\?([!\"$-~]*+))?")
"""Most targets: a path that is canonical as it is, since no segment begins with a dot and nothing is escaped."""
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*://([^/?]*)(.*)", re.DOTALL)


class Target(msgspec.Struct, frozen=True):
    """``path`` is canonical (``routing.path``). ``query`` is as the client sent it, without the question mark;
    None when there is none."""

    path: str
    query: str | None

    def __str__(self) -> str:
        return self.path if self.query is None else f"{self.path}?{self.query}"


ASTERISK = Target("*", None)


def parse_target(method: str, text: bytes) -> tuple[Target, bytes | None]:
    """Return the target, and the authority if the target is in absolute form (RFC 9112 section 3.2).

    Raises Failure.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        path, query = plain.groups()
        return Target(path.decode("ascii"), None if query is None else query.decode("ascii")), None
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
