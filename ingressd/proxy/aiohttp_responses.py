"""What the aiohttp lane's handlers return: an answer passed on, one of our own, or a tunnel."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from ingressd.proxy.admission import given_up
from ingressd.proxy.aiohttp_client_side import AiohttpClientSide
from ingressd.proxy.answers import Page, answer_fields, answer_framing, changed_framing, local_fields, relayed_head
from ingressd.proxy.client_connection import ClientConnection
from ingressd.proxy.date_line import http_date
from ingressd.proxy.failures import Failure
from ingressd.proxy.progress import Progress
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.response_head import ResponseHead
from ingressd.proxy.tunnel import Tunnel
from ingressd.proxy.written_fields import checked_fields, checked_status_line, field_bytes, with_length


class ForwardedResponse(web.StreamResponse):
    """The upstream's answer: its head can still be changed, its body streams once the head is sent."""

    def __init__(
        self,
        head: ResponseHead,
        request: RequestHead,
        side: AiohttpClientSide,
        connection: ClientConnection,
        progress: Progress,
        *,
        draining: bool,
    ) -> None:
        super().__init__(status=head.status, reason=head.reason_phrase.decode("utf-8", "surrogateescape"))
        self._fields: CIMultiDict[str] | None = None
        self._reason_phrase = self._reason
        self._request_head = request
        self._head = head
        self._side = side
        self._connection = connection
        self._progress = progress
        self._framing = answer_framing(request, head)
        self._draining = draining
        self._sent = False

    @property
    def _may_keep_alive(self) -> bool:
        return (
            self._keep_alive is not False
            and self._request_head.keep_alive
            and not self._framing.until_end
            and not self._draining
            and self._request_head.upgrade is None
            and self._side.request_sent
            and self._connection.more_requests_follow
        )

    @property  # type: ignore[override]
    def _headers(self) -> CIMultiDict[str]:
        """The fields, where aiohttp looks for them. They are taken apart for who asks."""
        if self._fields is None:
            self._fields = answer_fields(self._head, http_date())
        return self._fields

    @_headers.setter
    def _headers(self, fields: CIMultiDict[str]) -> None:
        self._fields = fields

    @property
    def _unchanged(self) -> bool:
        return (
            self._fields is None
            and self._cookies is None
            and self._status == self._head.status
            and self._reason == self._reason_phrase
        )

    @property
    def prepared(self) -> bool:
        return self._sent

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if not self._sent:
            self.begin()
        return None

    def begin(self) -> None:
        """Send the head, and let the body follow. Raises ValueError for a head that cannot be sent."""
        head = self._relayed_head() if self._unchanged else self._changed_head()
        self._sent = True
        self._side.open(head, self._framing)

    def enable_compression(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("the body of a forwarded answer passes as the upstream sends it")

    def drop(self) -> None:
        """Nobody will send it."""
        self._side.close()

    def _relayed_head(self) -> bytes:
        """The head as the relay would send it: nobody has looked at it."""
        self._keep_alive = self._may_keep_alive
        persistent = self._request_head.version >= (1, 1)
        pieces = relayed_head(self._head, self._framing, keep_alive=self._keep_alive, persistent=persistent)
        return b"".join(pieces)

    def _changed_head(self) -> bytes:
        """The head that a middleware may have changed, with the framing that is true of the upstream's body.

        Raises ValueError for what cannot be sent.
        """
        for cookie in self.cookies.values():
            self.headers.add("Set-Cookie", cookie.output(header="")[1:])
        first_line = checked_status_line(self.status, self.reason)
        length = self._head.framing.length
        if self.status != self._head.status:
            self._framing, length = changed_framing(self._request_head, self._head, self.status)
        if not self._framing.body and "Content-Length" not in self.headers:
            length = None
        fields = with_length(checked_fields(self.headers.items()), length)
        self._keep_alive = self._may_keep_alive
        if self._framing.chunked:
            fields.append(("Transfer-Encoding", "chunked"))
        connection = self._connection_field()
        if connection is not None:
            fields.append(("Connection", connection))
        return field_bytes(first_line, fields)

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        raise RuntimeError("the body of a forwarded answer comes from the upstream")

    async def write_eof(self, data: bytes = b"") -> None:
        try:
            failure = await self._side.ended()
        except asyncio.CancelledError:
            self._progress.finish(self.status, given_up(self._connection).reason)
            raise
        finally:
            self._side.close()
        if failure is not None:
            self._progress.finish(self.status, failure.reason, failure.detail)
            self._connection.abort(reset=self._framing.until_end)
            return
        self._progress.finish(self.status, "")
        if not self._side.request_sent:
            await self._connection.linger()

    def _connection_field(self) -> str | None:
        if not self._keep_alive:
            return "close"
        return "keep-alive" if self._request_head.version < (1, 1) else None


class LocalResponse(web.Response):
    """An answer that ingressd gives itself. ``last``: nothing that the client sends after it will be read."""

    def __init__(
        self,
        status: int,
        page: Page | None,
        connection: ClientConnection,
        progress: Progress,
        *,
        failure: Failure | None = None,
        last: bool = False,
    ) -> None:
        super().__init__(status=status, headers=local_fields(page, failure), body=page.body if page else None)
        self._connection = connection
        self._progress = progress
        self._failure = failure
        self._last = last
        if last or not connection.more_requests_follow:
            self.force_close()

    async def write_eof(self, data: bytes = b"") -> None:
        try:
            await super().write_eof(data)
        finally:
            head = self._progress.head
            empty = head is not None and head.method == "HEAD"
            self._progress.bytes_sent = len(self.body) if isinstance(self.body, bytes) and not empty else 0
            reason, detail = (self._failure.reason, self._failure.detail) if self._failure else ("", "")
            self._progress.finish(self.status, reason, detail)
        if self._last:
            await self._connection.linger()


class TunnelResponse(web.StreamResponse):
    """The upgrade has been answered; nothing is left to send, and the request lasts as long as the tunnel."""

    def __init__(self, tunnel: Tunnel, progress: Progress, **known: Any) -> None:
        super().__init__(status=101, **known)
        self._tunnel = tunnel
        self._progress = progress
        self.force_close()

    def drop(self) -> None:
        """End the tunnel: nobody will wait for its end."""
        self._tunnel.close()
        self._finish()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        try:
            await self._tunnel.closed
        finally:
            self._tunnel.close()
            self._finish()

    def _finish(self) -> None:
        self._progress.bytes_received = self._tunnel.bytes_received
        self._progress.bytes_sent = self._tunnel.bytes_sent
        self._progress.finish(101, "")
