"""Header fields that Python code wrote: none of them may end its line early, or frame what ingressd frames."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingressd.proxy.fields import HOP_BY_HOP, TOKEN

_NAME = re.compile(TOKEN.decode("ascii"))
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HOP_BY_HOP = frozenset(name.decode("ascii") for name in HOP_BY_HOP)


def checked_fields(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the fields without those that speak about the connection. Raises ValueError for one that is no field
    (RFC 9110 section 5.5)."""
    checked = []
    for name, value in fields:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header field")
        if _FORBIDDEN.search(value) is not None:
            raise ValueError(f"the value of the header field {name} holds a line break or another control character")
        if name.lower() not in _HOP_BY_HOP:
            checked.append((name, value))
    return checked


def with_length(fields: Iterable[tuple[str, str]], length: int | None) -> list[tuple[str, str]]:
    """Return the fields with the one Content-Length that is true; None: with none."""
    right = [] if length is None else [("Content-Length", str(length))]
    framed = []
    for name, value in fields:
        if name.lower() != "content-length":
            framed.append((name, value))
        elif right:
            framed.append((name, right.pop()[1]))
    return framed + right


def checked_status_line(status: int, reason_phrase: str) -> str:
    """Return the status line. Raises ValueError for what is no final status, and for a phrase with a line break."""
    if not 200 <= status <= 999:
        raise ValueError(f"{status} is not the status of an answer: take one from 200 to 999")
    if _FORBIDDEN.search(reason_phrase) is not None:
        raise ValueError("the reason phrase holds a line break or another control character")
    return f"HTTP/1.1 {status} {reason_phrase}"


def field_bytes(first_line: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return a head. Bytes that are not UTF-8 are lone surrogates in the text, as aiohttp reads them."""
    lines = [first_line, *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
