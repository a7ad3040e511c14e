"""One exchange as one line of JSON, for a program to read."""

from __future__ import annotations

import msgspec

from ingressd.telemetry.log_writer import ATOMIC_BYTES
from ingressd.telemetry.record import ExchangeRecord

CHOSEN_BY_CLIENTS = ("client", "method", "host", "target", "detail")
_MOST_BYTES_PER_CHARACTER = 6
"""JSON writes a control character as ``\\u0000``."""
_LEAST_CHARACTERS = 16


def format_access_line(record: ExchangeRecord, *, longest_bytes: int = ATOMIC_BYTES - 1) -> str:
    """Return the line without a line feed: the record's fields under their names.

    Several processes write to one pipe, where a longer line may be torn by another's: the texts that a client chose
    are cut, and end in ``…``, until the line has at most ``longest_bytes``.
    """
    try:
        line = msgspec.json.encode(record)
    except UnicodeEncodeError:
        record = _with_texts(record, {name: _encodable(getattr(record, name)) for name in CHOSEN_BY_CLIENTS})
        line = msgspec.json.encode(record)
    room = longest_bytes // _MOST_BYTES_PER_CHARACTER
    while len(line) > longest_bytes and room >= _LEAST_CHARACTERS:
        line = msgspec.json.encode(
            _with_texts(record, {name: _cut(getattr(record, name), room) for name in CHOSEN_BY_CLIENTS})
        )
        room //= 2
    return line.decode("utf-8")


def _with_texts(record: ExchangeRecord, texts: dict[str, str]) -> ExchangeRecord:
    return msgspec.structs.replace(record, **texts)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _cut(text: str, most_characters: int) -> str:
    return text if len(text) <= most_characters else f"{text[: most_characters - 1]}…"
