"""A server of long answers: event streams that say when they are closed, and a WebSocket echo.

``GET /events`` sends an event each second, whose id counts from 0; ``GET /open`` answers how many such streams are
open now; ``GET /echo`` is a WebSocket.
"""

from __future__ import annotations

import asyncio

import uvloop
from aiohttp import WSMsgType, web

EVENT_SECONDS = 1.0
BACKLOG = 4096


class OpenStreams:
    """How many event streams are open."""

    def __init__(self) -> None:
        self._open = 0

    async def events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        self._open += 1
        try:
            await answer.prepare(request)
            number = 0
            while True:
                await answer.write(b"id: %d\ndata: event %d\n\n" % (number, number))
                number += 1
                await asyncio.sleep(EVENT_SECONDS)
        finally:
            self._open -= 1

    async def count(self, request: web.Request) -> web.Response:
        return web.json_response(self._open)


async def index(request: web.Request) -> web.Response:
    return web.Response(text="ready")


async def echo(request: web.Request) -> web.WebSocketResponse:
    answer = web.WebSocketResponse(max_msg_size=0, compress=False)
    await answer.prepare(request)
    async for message in answer:
        if message.type is WSMsgType.BINARY:
            await answer.send_bytes(message.data)
    return answer


async def serve() -> None:
    streams = OpenStreams()
    application = web.Application()
    application.router.add_get("/", index)
    application.router.add_get("/events", streams.events)
    application.router.add_get("/open", streams.count)
    application.router.add_get("/echo", echo)
    # A handler has to end when its client closes: that is what the drill waits for.
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
