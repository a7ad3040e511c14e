"""Header fields: their strict grammar, and which of them belong to one connection only."""

from __future__ import annotations

import re
from typing import Final

Field = tuple[bytes, bytes, bytes]
"""Name in lower case, name as sent, value without the white space around it. Bytes, since a value may hold any
byte from 0x80 up (obs-text, RFC 9110 section 5.5) and must reach the other side unchanged."""

TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
VALUE_BYTE: Final = rb"[^\x00-\x08\x0a-\x1f\x7f]"
_FIELD_LINE: Final = re.compile(rb"(" + TOKEN + rb"):[ \t]*(" + VALUE_BYTE + rb"*)\r\n")

HOP_BY_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
"""Fields that speak about one connection and never pass through (RFC 9110 section 7.6.1)."""

NEVER_NAMED_BY_CONNECTION: Final = frozenset({b"host", b"content-length", b"authorization", b"cookie"})
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


def list_elements(value: bytes) -> tuple[bytes, ...]:
    """Split the value of a list field at its commas, in lower case, without empty elements."""
    lone = _LONE_ELEMENTS.get(value)
    if lone is not None:
        return lone
    return tuple([element for part in value.split(b",") if (element := part.strip(b" \t").lower())])


_LONE_ELEMENTS: Final[dict[bytes, tuple[bytes, ...]]] = {
    value: (value.lower(),) for value in (b"keep-alive", b"Keep-Alive", b"close", b"Upgrade", b"upgrade", b"websocket")
}
"""What such a value mostly is."""


def contains_all(names: frozenset[bytes], options: tuple[bytes, ...]) -> bool:
    for option in options:  # noqa: SIM110 - compiled, a generator costs more than the loop
        if option not in names:
            return False
    return True
