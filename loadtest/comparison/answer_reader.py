"""Just enough of HTTP for the clients here: whether an answer with a Content-Length is whole."""

from __future__ import annotations

import re

HEAD_END = b"\r\n\r\n"
_OK = b"HTTP/1.1 200 "
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


class AnswerReader:
    """Take what comes on one connection, one answer at a time."""

    def __init__(self) -> None:
        self._received = b""

    def take(self, data: bytes) -> bool | None:
        """Return None while the answer is not whole, then whether it is the wanted one: 200, framed by a length."""
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        if not end:
            return None
        length = _LENGTH.search(head)
        if length is None or not head.startswith(_OK):
            return False
        if len(body) < int(length[1]):
            return None
        self._received = b""
        return len(body) == int(length[1])
