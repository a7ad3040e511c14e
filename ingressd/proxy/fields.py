"""Header fields: their strict grammar, and which of them belong to one connection only."""

from __future__ import annotations

import re
from collections.abc import Iterable

Field = tuple[bytes, bytes, bytes]
"""Name in lower case, name as sent, value without the white space around it. Bytes, since a value may hold any
byte from 0x80 up (obs-text, RFC 9110 section 5.5) and must reach the other side unchanged."""

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_FIELD_LINE = re.compile(rb"(" + TOKEN + rb"):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)\r\n")

HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
"""Fields that speak about one connection and never pass through (RFC 9110 section 7.6.1)."""

NEVER_NAMED_BY_CONNECTION = frozenset({b"host", b"content-length", b"authorization", b"cookie"})
"""Fields that a ``Connection`` field cannot remove: a client could otherwise strip what the upstream relies on."""


def parse_fields(block: bytes) -> list[Field] | None:
    """Parse field lines, each ended by CRLF; None if any byte of ``block`` is outside the grammar.

    White space is stripped as bytes: ``str.strip`` also takes 0x85 and 0xa0, which belong to the value.
    """
    fields: list[Field] = []
    position, end = 0, len(block)
    match_line = _FIELD_LINE.match
    while position < end:
        match = match_line(block, position)
        if match is None:
            return None
        name, value = match.groups()
        fields.append((name.lower(), name, value.rstrip(b" \t")))
        position = match.end()
    return fields


KnownField = tuple[bytes, bytes, int, int]
"""Name in lower case, value, and where the field's line begins and ends in the head, its CRLF included."""

_FIELD_LINES = re.compile(rb"\r\n(?:" + TOKEN + rb"+:[^\x00-\x08\x0a-\x1f\x7f]*+\r\n)*+")


class FieldScanner:
    """Validates all fields of a head at once, and finds those that decide something; the others stay unread bytes."""

    __slots__ = ("_find",)

    def __init__(self, names: Iterable[bytes]) -> None:
        """``names`` in lower case."""
        ordered = sorted(names)
        first = b"".join(sorted({name[:1] + name[:1].upper() for name in ordered}))
        alternatives = b"|".join(map(re.escape, ordered))
        # The look at one character is what makes passing over an uninteresting line cheap.
        pattern = rb"\r\n(?=[%b])(?i:(%b)):[ \t]*+([^\r]*+)" % (first, alternatives)
        self._find = re.compile(pattern).finditer

    def scan(self, head: bytes, line_end: int) -> list[KnownField] | None:
        """Return the fields of these names in ``head``, whose first line ends at ``line_end``, up to and including
        its empty line; None if a byte of any field is outside the grammar."""
        if _FIELD_LINES.fullmatch(head, line_end, len(head) - 2) is None:
            return None
        known = []
        for match in self._find(head, line_end):
            begin, end = match.span()
            name, value = match.groups()
            known.append((name.lower(), value.rstrip(b" \t"), begin + 2, end + 2))
        return known


def remove_lines(head: bytes, begin: int, fields: Iterable[KnownField]) -> bytes:
    """Return the field lines of ``head``, which begin at ``begin``, without these fields and the empty line."""
    kept = []
    for _, _, line_begin, line_end in fields:
        if line_begin > begin:
            kept.append(head[begin:line_begin])
        begin = line_end
    kept.append(head[begin:-2])
    return b"".join(kept)


def list_elements(values: list[bytes]) -> list[bytes]:
    """Split the values of a list field at their commas, in lower case, without empty elements."""
    return [element for value in values for part in value.split(b",") if (element := part.strip(b" \t").lower())]
