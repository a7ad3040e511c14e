"""Routes with Python code, served over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from ingressd.policies.program import Program
from ingressd.policies.timeouts import Timeouts
from ingressd.proxy.programs import Handler, Link, Middleware, Programs
from ingressd.routing.upstream import Unavailable
from ingressd.settings import ProxySettings, parse_networks
from tests.support.proxying import ServingProxy, serving, table_for
from tests.support.upstream import RecordingUpstream, Script, recording_upstream

GET = b"GET /a/b?q=1 HTTP/1.1\r\nHost: shop.test\r\n"
POST = b"POST / HTTP/1.1\r\nHost: shop.test\r\n"
CLOSE = b"Connection: close\r\n"


@asynccontextmanager
async def behind(
    *middlewares: Middleware, script: Script | None = None, trusted: Sequence[str] = ()
) -> AsyncIterator[tuple[ServingProxy, RecordingUpstream]]:
    """A proxy whose one route passes these middlewares, named m0, m1 and so on."""
    bound = {f"m{number}": middleware for number, middleware in enumerate(middlewares)}
    async with recording_upstream(script) as upstream:
        table = table_for([upstream.endpoint], program=Program(tuple(bound)))
        networks = parse_networks(trusted)
        async with serving(table, programs=Programs((), bound), trusted_proxies=networks) as proxy:
            yield proxy, upstream


@asynccontextmanager
async def handled(
    handler: Handler, *middlewares: Middleware, timeouts: Timeouts | None = None, settings: ProxySettings | None = None
) -> AsyncIterator[ServingProxy]:
    """A proxy whose one route is answered by the handler h."""
    everywhere = tuple(Link(f"e{number}", middleware) for number, middleware in enumerate(middlewares))
    table = table_for([], unavailable=Unavailable.NO_SERVICE, program=Program((), "h"), timeouts=timeouts)
    async with serving(table, settings, programs=Programs(everywhere, {}, {"h": handler})) as proxy:
        yield proxy


def upstream_fields(upstream: RecordingUpstream) -> list[str]:
    return upstream.received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")


@web.middleware
async def passing(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request)
