"""The request that middlewares and handlers get."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import MultipartReader, StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy

from ingressd.proxy.aiohttp_bridge import AiohttpBridge, BridgeRequest
from ingressd.proxy.forwarding import end_to_end_fields


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What ingressd knows of a request beside what the client sent.

    ``request_id`` is the ``X-Request-ID`` that the upstream gets. ``rule`` reads ``namespace/name#rule/path``, as in
    the log; ``namespace`` and ``ingress`` are its first two parts. ``service`` and ``service_port`` are those of the
    Ingress, and empty for a route with a handler.
    """

    request_id: str
    rule: str
    namespace: str
    ingress: str
    service: str
    service_port: str


FACTS: web.RequestKey[RequestFacts] = web.RequestKey("ingressd.facts", RequestFacts)
"""``request[FACTS].ingress``: the facts of a request, in every middleware and handler."""


class ProgramRequest(web.Request):
    """An aiohttp request whose header fields are those of the client that concern more than its connection.

    A clone keeps what is not replaced, also the client's address and the body that has been read.
    """

    def clone(self, **replaced: Any) -> ProgramRequest:
        known = {"scheme": self.scheme, "host": self.host, "remote": self.remote}
        message = self._message
        if "headers" in replaced:
            # aiohttp's own copy fails for bytes that are not UTF-8.
            self._message = with_fields(message, CIMultiDict(replaced.pop("headers")))
        try:
            copy = super().clone(**{name: value for name, value in known.items() if value is not None} | replaced)
        finally:
            self._message = message
        if not isinstance(copy, ProgramRequest):
            raise TypeError("a clone is of the same class")
        return copy

    @property
    def content(self) -> StreamReader:
        """The body as a stream. What has been read from it is not forwarded any more, unlike after ``read``."""
        self._bridge.ask_for_body()
        return self._payload

    async def read(self) -> bytes:
        """Read the whole body, which can be forwarded still. It is kept in memory, so ``client_max_size`` limits it."""
        bridge = self._bridge
        if bridge.body is None:
            bridge.ask_for_body()
            body = await super().read()
            # Otherwise there could be no clone any more, and no header field be changed.
            self._read_bytes = None
            bridge.body = body
        return bridge.body

    async def multipart(self) -> MultipartReader:
        self._bridge.ask_for_body()
        return await super().multipart()

    @property
    def _bridge(self) -> AiohttpBridge:
        if not isinstance(self._protocol, AiohttpBridge):
            raise TypeError("the request belongs to no client's connection")
        return self._protocol


def with_fields(message: RawRequestMessage, fields: CIMultiDict[str]) -> RawRequestMessage:
    """Return the message with other header fields, where lone surrogates stand for bytes that are not UTF-8."""
    raw = tuple(
        (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
        for name, value in fields.items()
    )
    return message._replace(headers=CIMultiDictProxy(fields), raw_headers=raw)


def program_request(
    inner: BridgeRequest, writer: AbstractStreamWriter, facts: RequestFacts, *, remote: str, scheme: str
) -> ProgramRequest:
    """Return what Python code sees of a request. Bytes of fields that are not UTF-8 become lone surrogates."""
    # What a client names in Connection goes here and not later: so it cannot take away what a middleware adds.
    fields = CIMultiDict(
        (name.decode("ascii"), value.decode("utf-8", "surrogateescape"))
        for _, name, value in end_to_end_fields(inner.head.fields)
    )
    return ProgramRequest(
        with_fields(inner.parsed, fields),
        inner.content,
        inner.bridge,
        writer,
        inner.task,
        asyncio.get_running_loop(),
        state={FACTS: facts},
        remote=remote,
        scheme=scheme,
        host=inner.head.authority.text.decode("utf-8", "surrogateescape"),
    )
