"""A session with the API server under one set of credentials, and how it can fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.configuration import ClusterConfigurationError, LoadedConfiguration

_KEEPALIVE_OPTIONS = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


class Connection:
    """One ApiClient of the library. Retired when the credentials change, and closed once its last call has ended.

    ``rejected`` is set when the API server did not accept us, or we not its certificate.
    """

    def __init__(self, loaded: LoadedConfiguration) -> None:
        """Raise ClusterConfigurationError when a certificate or a key cannot be used."""
        from kubernetes_asyncio.client import ApiClient

        self.loaded = loaded
        self.rejected = False
        try:
            self._client: Any = ApiClient(loaded.library)
        except (OSError, ValueError) as error:
            raise ClusterConfigurationError(
                f"The certificates of {loaded.origin} cannot be used: {error}. Check the files that it names."
            ) from None
        self._calls = 0
        self._retired = False

    def enter(self) -> None:
        """A call begins; ``leave`` ends it."""
        self._calls += 1

    async def leave(self) -> None:
        self._calls -= 1
        await self._close_if_unused()

    async def retire(self) -> None:
        self._retired = True
        await self._close_if_unused()

    async def close(self) -> None:
        await self._client.close()

    async def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
        limits: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        """Send a request and return the answer once its head is here. Raises what aiohttp raises."""
        self.loaded.read_token()
        sent = dict(headers)
        await self._client.update_params_for_auth(sent, [], ["BearerToken"])
        rest = self._client.rest_client
        options = {"proxy": rest.proxy, "proxy_headers": rest.proxy_headers, "server_hostname": rest.server_hostname}
        response: aiohttp.ClientResponse = await rest.pool_manager.request(
            method,
            self.loaded.server + path,
            params=query,
            headers=sent,
            data=body,
            timeout=limits,
            allow_redirects=False,
            **{name: value for name, value in options.items() if value},
        )
        return response

    async def _close_if_unused(self) -> None:
        if self._retired and self._calls == 0:
            await self.close()


def notice_silence(response: aiohttp.ClientResponse) -> None:
    """Let the kernel ask a silent peer whether it is there: a half-open connection then ends within a minute."""
    transport = response.connection.transport if response.connection is not None else None
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is None:
        return
    # uvloop's socket object has no setsockopt, but options belong to what both descriptors stand for.
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(found.fileno())) as copy:
        copy.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE_OPTIONS:
            if hasattr(socket, name):
                copy.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@contextlib.contextmanager
def ending_with_connection(response: aiohttp.ClientResponse) -> Iterator[None]:
    """Within the block, a body that is incomplete when its connection has ended fails with ClientPayloadError.

    aiohttp closes the connection when the framing turns wrong in the middle of a body, stops its timer, and tells
    whoever reads nothing: that would be waiting for ever.
    """
    protocol = response.connection.protocol if response.connection is not None else None
    if protocol is None:
        # Everything has been read already.
        yield
        return

    def fail(_: object = None) -> None:
        content = response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection ended in the middle of the body"))

    closed = protocol.closed
    if closed is None:
        fail()
        yield
        return
    closed.add_done_callback(fail)
    # The connection may serve further requests; how it ends then is for them.
    closed.remove_done_callback(_take_note)
    closed.add_done_callback(_take_note)
    try:
        yield
    finally:
        closed.remove_done_callback(fail)


def _take_note(closed: asyncio.Future[None]) -> None:
    if not closed.cancelled():
        closed.exception()


def is_about_certificates(error: BaseException) -> bool:
    """Whether one side did not accept the certificate of the other: it may have been replaced."""
    return isinstance(error, aiohttp.ClientSSLError | ssl.SSLError)


def failure_of(error: Exception, server: str, asked: str) -> ApiError:
    """What went wrong on the way to or from the API server, in words."""
    where = f"The API server at {server}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
        return _unreachable(f"{where} has a certificate that cannot be verified: {reason}. Check the CA.")
    if is_about_certificates(error):
        return _unreachable(f"{where} and this program do not agree about TLS: {_reason(error)}.")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unreachable(f"{where} cannot be found: its name does not resolve.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return _unreachable(f"{where} cannot be connected to: {_reason(error.os_error)}.")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return _unreachable(f"{where} cannot be connected to: no connection in time.")
    if isinstance(error, TimeoutError):
        return _unreachable(f"{where} stopped answering {asked}.")
    if isinstance(error, aiohttp.ClientResponseError):
        return ApiError(ApiFault.MALFORMED, f"{where} answered {asked} with something that is not HTTP.")
    if isinstance(error, aiohttp.InvalidURL):
        return ApiError(ApiFault.REFUSED, "The URL of the API server cannot be used. Check it.")
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return _unreachable(f"{where} cut the connection during {asked}.")
    return _unreachable(f"Calling {where} failed ({type(error).__name__}).")


def _unreachable(message: str) -> ApiError:
    return ApiError(ApiFault.UNREACHABLE, message)


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return str(getattr(error, "reason", None) or error.strerror or "TLS failed").replace("_", " ").lower()
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__
