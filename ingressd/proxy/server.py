"""aiohttp's low-level server, making connections of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import aiohttp.http_parser
from aiohttp import web

from ingressd.proxy.aiohttp_lane import ProxyRequest
from ingressd.proxy.client_connection import ClientConnection, ConnectionSettings

READ_BUFFER_BYTES = 65536


def require_compiled_parser() -> None:
    """aiohttp falls back silently to a parser in Python that has accepted smuggled requests (CVE-2023-47641)."""
    compiled = getattr(aiohttp.http_parser, "HttpRequestParserC", None)
    if compiled is None or aiohttp.http_parser.HttpRequestParser is not compiled:
        raise RuntimeError(
            "aiohttp runs on its pure-Python HTTP parser, which ingressd refuses to serve with: install an aiohttp "
            "wheel for this platform, and unset AIOHTTP_NO_EXTENSIONS"
        )


class ProxyServer(web.Server):
    """The head's limits are enforced before aiohttp sees a request, so aiohttp's own stay out of the way."""

    def __init__(
        self,
        handle: Callable[[Any], Awaitable[web.StreamResponse]],
        settings: ConnectionSettings,
        *,
        keep_alive_seconds: float,
    ) -> None:
        require_compiled_parser()
        super().__init__(
            handle,
            request_factory=self._make_proxy_request,
            handler_cancellation=True,
            loop=asyncio.get_running_loop(),
        )
        self._settings = settings
        limits = settings.head_limits
        self._limits: dict[str, Any] = {
            "keepalive_timeout": keep_alive_seconds,
            "access_log": None,
            "auto_decompress": False,
            "lingering_time": 0,
            "read_bufsize": READ_BUFFER_BYTES,
            "max_line_size": 2 * limits.total,
            "max_field_size": 2 * limits.total,
            "max_headers": 2 * limits.fields,
        }

    @property
    def client_connections(self) -> list[ClientConnection]:
        return [cast(ClientConnection, connection) for connection in self.connections]

    def connection(self, scheme: str) -> ClientConnection:
        """Return the protocol of a new client connection."""
        return ClientConnection(self, self._settings, scheme, **self._limits)

    @staticmethod
    def _make_proxy_request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> ProxyRequest:
        return ProxyRequest(message, payload, protocol, writer, task)
