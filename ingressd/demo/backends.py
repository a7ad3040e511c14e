"""The servers of the example: each says who it is and what reached it.

Every path answers with a page for browsers and JSON for the rest (``Accept``); a path that ends in ``/events``
is an endless event stream, one that ends in ``/ws`` a WebSocket that echoes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

from ingressd.demo.page import render_page
from ingressd.demo.pods import Pod

MAX_BODY_BYTES = 1 << 20
MAX_MESSAGE_BYTES = 64 * 1024
_SHUTDOWN_SECONDS = 0.5
_EVENT_SECONDS = 1.0

_POD: web.AppKey[Pod] = web.AppKey("pod", Pod)


@contextlib.asynccontextmanager
async def running_backends(pods: Iterable[Pod], *, address: str = "127.0.0.1") -> AsyncIterator[Mapping[Pod, int]]:
    """Start a server for each pod on a port that the system chooses; gives the port of each, ends them after."""
    async with contextlib.AsyncExitStack() as stack:
        ports = {}
        for pod in pods:
            runner = web.AppRunner(
                backend_application(pod), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handler_cancellation=True
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, address, 0).start()
            ports[pod] = int(runner.addresses[0][1])
        yield ports


def backend_application(pod: Pod) -> web.Application:
    application = web.Application(client_max_size=MAX_BODY_BYTES)
    application[_POD] = pod
    application.router.add_get("/{before:(.*/)?}events", _events)
    application.router.add_get("/{before:(.*/)?}ws", _web_socket)
    application.router.add_route("*", "/{path:.*}", _describe)
    return application


def describe_request(pod: Pod, request: web.Request, body: bytes) -> dict[str, Any]:
    """Return what a pod saw of a request; header fields in the order in which they came."""
    return {
        "namespace": pod.namespace,
        "service": pod.service,
        "pod": pod.name,
        "method": request.method,
        "path": request.raw_path,
        "protocol": f"HTTP/{request.version.major}.{request.version.minor}",
        "headers": [[name, value] for name, value in request.headers.items()],
        "body_bytes": len(body),
    }


async def _describe(request: web.Request) -> web.Response:
    seen = describe_request(request.app[_POD], request, await request.read())
    # A pod of the example shows only what came; nothing of it should be kept by a browser.
    headers = {"Cache-Control": "no-store", "Server": f"ingressd-demo ({seen['pod']})"}
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(text=render_page(seen), content_type="text/html", headers=headers)
    text = json.dumps(seen, indent=2, ensure_ascii=True) + "\n"
    return web.Response(text=text, content_type="application/json", headers=headers)


async def _events(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    number = 0
    while True:
        event = json.dumps({"pod": request.app[_POD].name, "number": number})
        await response.write(f"id: {number}\ndata: {event}\n\n".encode())
        number += 1
        await asyncio.sleep(_EVENT_SECONDS)


async def _web_socket(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE_BYTES, heartbeat=30.0)
    if not socket.can_prepare(request).ok:
        return await _describe(request)
    await socket.prepare(request)
    await socket.send_str(f"hello from {request.app[_POD].name}; what you send comes back")
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket
