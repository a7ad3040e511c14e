"""Answers on the wire, and the ways in which they break there."""

from __future__ import annotations

import asyncio
import os
import socket
import struct

from aiohttp import web

from .faults import Action, Drip, EndAtOnce, Truncate
from .handlers import Answer
from .watch import Send

_CLOSE_WITH_RESET = struct.pack("ii", 1, 0)  # SO_LINGER without time


def response_of(answer: Answer) -> web.Response:
    fields = {"Content-Type": answer.content_type, "Cache-Control": "no-cache, private", **answer.fields}
    return web.Response(status=answer.code, body=answer.body, headers=fields)


async def sent(request: web.BaseRequest, answer: Answer, action: Action | None) -> web.StreamResponse:
    """Send an answer, or as much of it as the fault lets through."""
    if not isinstance(action, Drip | EndAtOnce | Truncate):
        return response_of(answer)
    response = web.StreamResponse(status=answer.code, headers={"Content-Type": answer.content_type, **answer.fields})
    response.content_length = len(answer.body)
    await response.prepare(request)
    if isinstance(action, Drip):
        await sender(response, action)(answer.body)
        return response
    if isinstance(action, Truncate):
        await response.write(answer.body[: action.size])
    return cut(request, response)


def sender(response: web.StreamResponse, action: Action | None) -> Send:
    """Return what writes the body of a response, slowly if that is the fault."""

    async def slowly(data: bytes) -> None:
        assert isinstance(action, Drip)
        for start in range(0, len(data), action.piece_bytes):
            await response.write(data[start : start + action.piece_bytes])
            await asyncio.sleep(action.seconds)

    async def at_once(data: bytes) -> None:
        await response.write(data)

    return slowly if isinstance(action, Drip) else at_once


def cut(
    request: web.BaseRequest, response: web.StreamResponse | None = None, *, reset: bool = False
) -> web.StreamResponse:
    """Close the connection where it stands, with FIN after what was written, or with RST."""
    transport = request.transport
    if transport is not None:
        if reset:
            # A duplicate, because what event loops show is not always a whole socket.
            with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as shared:
                shared.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_RESET)
            transport.abort()
        else:
            transport.close()
    return response if response is not None else web.Response()
