"""The calls to the API server, made."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import aiohttp
import msgspec

from ingressd import __version__
from ingressd.kube.api import JSON
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.api_status import error_of_answer
from ingressd.kube.configuration import (
    ClusterConfigurationError,
    ClusterSettings,
    LoadedConfiguration,
    load_configuration,
    utc_now,
)
from ingressd.kube.connection import (
    Connection,
    ending_with_connection,
    failure_of,
    is_about_certificates,
    notice_silence,
)
from ingressd.kube.trouble import Trouble

_log = logging.getLogger(__name__)

MOST_BODY_BYTES = 128 * 1024 * 1024
"""Of one answer. A page of 500 Secrets, each as large as it may be, is larger; it is asked for in smaller pages."""

_MOST_ERROR_BYTES = 64 * 1024
_CONNECT_SECONDS = 5.0
_RENEW_AGAIN_SECONDS = 10.0
"""After credentials that were no better: a plugin takes its time, and every call waits for it."""
_RESOLVE_AND_CONNECT_SECONDS = 10.0


_USER_AGENT = f"ingressd/{__version__}"


class _Asking(NamedTuple):
    """One request, without what the connection adds. ``silence_seconds`` without a byte are too long."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None
    silence_seconds: float

    @property
    def words(self) -> str:
        return f"{self.method} {self.path}"


class Client:
    """Implements ``Api``. Get one from ``open_client``.

    New tokens of a service account are read at every call. A 401, a certificate that is not accepted, a changed
    certificate file and credentials about to expire make the next call load the configuration again; calls under way
    end in their own time.
    """

    def __init__(
        self,
        settings: ClusterSettings,
        loaded: LoadedConfiguration,
        *,
        most_body_bytes: int = MOST_BODY_BYTES,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = msgspec.structs.replace(settings, context=loaded.context)
        self._connection = Connection(loaded)
        self._renewing = asyncio.Lock()
        self._most_body_bytes = most_body_bytes
        self._clock = clock
        self._monotonic = monotonic
        self._renew_from = -math.inf
        self._renewal = Trouble(_log, over="The credentials for the API server could be read again.")

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._connection.loaded.server

    @property
    def origin(self) -> str:
        """Where the configuration came from, for people."""
        return self._connection.loaded.origin

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout_seconds: float = 30.0,
    ) -> bytes:
        """See ``Api``."""
        connection = await self._current()
        try:
            headers = {"Content-Type": content_type} if body is not None else {}
            asking = _Asking(method, path, query or {}, headers, body, timeout_seconds)
            response = await self._open(connection, asking)
            async with response:
                return await _read(response, self._most_body_bytes, self.server, asking.words)
        finally:
            await connection.leave()

    @contextlib.asynccontextmanager
    async def watch(
        self, path: str, *, query: Mapping[str, str], silence_seconds: float
    ) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """See ``Api``."""
        connection = await self._current()
        try:
            asking = _Asking("GET", path, query, {}, None, silence_seconds)
            response = await self._open(connection, asking)
            notice_silence(response)
            try:
                async with contextlib.aclosing(_pieces(response, self.server, asking.words)) as pieces:
                    yield pieces
            finally:
                response.close()
        finally:
            await connection.leave()

    async def close(self) -> None:
        await self._connection.close()

    async def _open(self, connection: Connection, asking: _Asking) -> aiohttp.ClientResponse:
        """Return an answer that is 2xx, with its body unread."""
        limits = aiohttp.ClientTimeout(
            total=None,
            connect=_RESOLVE_AND_CONNECT_SECONDS,
            sock_connect=_CONNECT_SECONDS,
            sock_read=asking.silence_seconds,
        )
        # Compression costs the API server more time than a network inside the cluster saves.
        sent = {"Accept": JSON, "Accept-Encoding": "identity", "User-Agent": _USER_AGENT, **asking.headers}
        try:
            response = await connection.open(
                asking.method, asking.path, query=asking.query, headers=sent, body=asking.body, limits=limits
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            connection.rejected |= is_about_certificates(error)
            raise failure_of(error, self.server, asking.words) from None
        if 200 <= response.status < 300:
            return response
        async with response:
            try:
                said = await _read(response, _MOST_ERROR_BYTES, self.server, asking.words)
            except ApiError:
                said = b""
        connection.rejected |= response.status == 401
        raise error_of_answer(asking.words, response.status, response.headers, said, self._clock())

    async def _current(self) -> Connection:
        """The connection for one call, which has begun with that."""
        async with self._renewing:
            if self._connection.rejected or self._is_outdated():
                await self._renew()
            self._connection.enter()
            return self._connection

    def _is_outdated(self) -> bool:
        return self._monotonic() >= self._renew_from and self._connection.loaded.is_outdated(self._clock())

    async def _renew(self) -> None:
        old = self._connection
        try:
            self._connection = Connection(await load_configuration(self._settings))
        except ClusterConfigurationError as error:
            if old.rejected:
                raise ApiError(ApiFault.UNAUTHORIZED, f"The credentials cannot be renewed. {error}") from None
            # A file that is being replaced; what was good a moment ago may still be.
            self._renewal.begin(f"The credentials for the API server cannot be read again; the old ones stay. {error}")
            self._renew_from = self._monotonic() + _RENEW_AGAIN_SECONDS
            return
        self._renewal.end()
        if self._connection.loaded.is_outdated(self._clock()):
            self._renew_from = self._monotonic() + _RENEW_AGAIN_SECONDS
        await old.retire()


@contextlib.asynccontextmanager
async def open_client(settings: ClusterSettings | None = None) -> AsyncIterator[Client]:
    """A client for as long as the block lasts. Raises ClusterConfigurationError when no cluster is configured."""
    settings = settings or ClusterSettings()
    client = Client(settings, await load_configuration(settings))
    try:
        yield client
    finally:
        await client.close()


async def _pieces(response: aiohttp.ClientResponse, server: str, asked: str) -> AsyncGenerator[bytes, None]:
    try:
        with ending_with_connection(response):
            async for piece in response.content.iter_any():
                yield piece
    except (aiohttp.ClientError, OSError) as error:
        raise failure_of(error, server, asked) from None


async def _read(response: aiohttp.ClientResponse, most_bytes: int, server: str, asked: str) -> bytes:
    """The body. Raises ApiError (MALFORMED) when it is larger than ``most_bytes``, without reading the rest."""
    read = bytearray()
    async with contextlib.aclosing(_pieces(response, server, asked)) as pieces:
        async for piece in pieces:
            read += piece
            if len(read) > most_bytes:
                response.close()
                message = f"The API server answered {asked} with more than {most_bytes} bytes."
                raise ApiError(ApiFault.MALFORMED, message)
    return bytes(read)
