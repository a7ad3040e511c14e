"""A handler in the place of an application that is away for a while."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

PAGE = "<!doctype html>\n<html lang=en>\n<title>Back soon</title>\n<h1>We are back in a moment.</h1>\n</html>\n"


def factory() -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def maintenance(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "120"}, text=PAGE, content_type="text/html")

    return maintenance
