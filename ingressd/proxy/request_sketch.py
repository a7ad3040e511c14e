"""What can still be told of a request that is refused, for the log; nothing decides by it."""

from __future__ import annotations

import re

import msgspec

_FIRST_LINE = re.compile(rb"([!-~]{1,32})[ \t]+((?:/|\*|[A-Za-z0-9.+\-]+:)[!-~\x80-\xff]{0,2000})")
_HOST = re.compile(rb"\nhost[ \t]*:[ \t]*([!-~]{1,255})", re.IGNORECASE)


class RequestSketch(msgspec.Struct, frozen=True):
    """Each is empty where it cannot be read. They are what the client sent: whoever prints them escapes them."""

    method: str = ""
    host: str = ""
    target: str = ""


def sketch_request(head: bytes) -> RequestSketch:
    """Read leniently what stands where method, target and host usually do."""
    first_line, host = _FIRST_LINE.match(head), _HOST.search(head)
    return RequestSketch(
        method=first_line[1].decode("latin-1") if first_line else "",
        host=host[1].decode("latin-1") if host else "",
        target=first_line[2].decode("latin-1") if first_line else "",
    )
