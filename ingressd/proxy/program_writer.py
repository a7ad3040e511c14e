"""Writes the answers of middlewares and handlers, and keeps them from breaking the framing of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp.http import SERVER_SOFTWARE
from aiohttp.http_writer import StreamWriter
from multidict import CIMultiDict

from ingressd.proxy.aiohttp_bridge import AiohttpBridge
from ingressd.proxy.answers import SERVER
from ingressd.proxy.fields import list_elements
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.response_head import has_body
from ingressd.proxy.written_fields import checked_fields, checked_status_line, field_bytes, with_length

if TYPE_CHECKING:
    from aiohttp.http_writer import Buffer


class ProgramWriter(StreamWriter):
    """aiohttp's writer for one answer. What would be read as something else than this one answer raises ValueError.

    ``begun``: bytes are on their way. ``closes``: the connection ends with this answer, and the client has been told.
    ``may_keep_alive`` says, when the head is written, whether anything but the answer speaks against another request.
    """

    def __init__(self, bridge: AiohttpBridge, head: RequestHead, may_keep_alive: Callable[[], bool]) -> None:
        super().__init__(bridge, asyncio.get_running_loop())
        self._head = head
        self._may_keep_alive = may_keep_alive
        self._has_body = True
        self._prepared = False
        self.closes = False
        self.body_bytes = 0

    @property
    def begun(self) -> bool:
        return self.output_size > 0

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        if self._prepared:
            raise RuntimeError("another answer has been prepared already")
        _, status_text, *phrase = status_line.split(" ", 2)
        status = int(status_text)
        first_line = checked_status_line(status, phrase[0] if phrase else "")
        fields = checked_fields(headers.items())
        fields = [(name, SERVER if value == SERVER_SOFTWARE else value) for name, value in fields]
        if self.length is not None and self.length < 0:
            raise ValueError("Content-Length is less than 0")
        self._has_body = has_body(status, self._head.method)
        length = self.length
        if not self._has_body:
            self.chunked, self.length = False, None
            length = None if status == 204 else length
        elif self.chunked:
            length = None
        persistent = self._head.version >= (1, 1)
        if self.chunked and not persistent:
            raise ValueError("a client of HTTP/1.0 does not read chunks")
        until_end = self._has_body and not self.chunked and length is None
        wants_close = b"close" in list_elements(headers.get("Connection", "").encode("utf-8", "surrogateescape"))
        self.closes = until_end or wants_close or not self._may_keep_alive()
        fields = with_length(fields, length)
        if self.chunked:
            fields.append(("Transfer-Encoding", "chunked"))
        if self.closes or not persistent:
            fields.append(("Connection", "close" if self.closes else "keep-alive"))
        self._headers_buf = field_bytes(first_line, fields)
        self._headers_written = False
        self._prepared = True

    async def write(self, chunk: Buffer, *, drain: bool = True, LIMIT: int = 0x10000) -> None:  # noqa: N803 - aiohttp's name
        if self._has_body:
            self._require_room(chunk)
            self.body_bytes += len(chunk)
            await super().write(chunk, drain=drain, LIMIT=LIMIT)

    async def write_eof(self, chunk: bytes = b"") -> None:
        if not self._has_body:
            chunk = b""
        self._require_room(chunk)
        if self.length is not None and self._compress is None:
            self.length -= len(chunk)
        self.body_bytes += len(chunk)
        await super().write_eof(chunk)

    @property
    def missing_bytes(self) -> int:
        """How much of the body has been promised and not written."""
        return self.length or 0

    def _require_room(self, chunk: Buffer) -> None:
        if self.length is not None and self._compress is None and len(chunk) > self.length:
            raise ValueError("the body is longer than its Content-Length")
