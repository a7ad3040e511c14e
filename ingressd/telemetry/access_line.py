"""One exchange as one line of JSON, for a program to read."""

from __future__ import annotations

import msgspec

from ingressd.telemetry.log_writer import ATOMIC_BYTES
from ingressd.telemetry.record import ExchangeRecord

_ESCAPE_BYTES = 6
"""JSON writes a control character as ``\\u0000``."""
_LEAST_CHARACTERS = 16


def format_access_line(record: ExchangeRecord, *, longest_bytes: int = ATOMIC_BYTES - 1) -> str:
    """Return the line without a line feed: the record's fields under their names.

    Several processes write to one pipe, and what is longer than ``longest_bytes`` may be torn by another's line: the
    texts that a client chose are cut, and end in ``…``, until the line fits.
    """
    line = msgspec.json.encode(record)
    room = longest_bytes // _ESCAPE_BYTES
    while len(line) > longest_bytes and room > _LEAST_CHARACTERS:
        room //= 2
        cut = {name: _cut(getattr(record, name), room) for name in ("method", "host", "target", "detail", "client")}
        line = msgspec.json.encode(msgspec.structs.replace(record, **cut))
    return line.decode("utf-8")


def _cut(text: str, most_characters: int) -> str:
    return text if len(text) <= most_characters else f"{text[: most_characters - 1]}…"
