"""The HTTP server of the admin port: read-only, JSON where a program reads it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from ingressd.admin.error_document import encode_error
from ingressd.admin.explanation_document import explanation_document
from ingressd.admin.host_guard import HostGuard
from ingressd.admin.index_page import INDEX_PAGE
from ingressd.admin.problem_document import problems_document
from ingressd.admin.readiness_document import ReadinessDocument
from ingressd.admin.routes_document import routes_document
from ingressd.admin.view import AdminView
from ingressd.proxy.answers import SERVER

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_VIEW: web.AppKey[AdminView] = web.AppKey("view", AdminView)
_REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)
_GUARD: web.AppKey[HostGuard] = web.AppKey("guard", HostGuard)

_READ_METHODS = (hdrs.METH_GET, hdrs.METH_HEAD)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Server": SERVER,
    "X-Content-Type-Options": "nosniff",
}
MAX_URL_LENGTH = 4096
MAX_METHOD_LENGTH = 32


def admin_application(view: AdminView, registry: CollectorRegistry, guard: HostGuard) -> web.Application:
    """Return the application; ``registry`` holds the metrics that ``/metrics`` shows."""
    application = web.Application(middlewares=[_guarded])
    application[_VIEW] = view
    application[_REGISTRY] = registry
    application[_GUARD] = guard
    for path, handler in _HANDLERS.items():
        application.router.add_get(path, handler)
    return application


async def _index(request: web.Request) -> web.Response:
    return web.Response(text=INDEX_PAGE, content_type="text/html")


async def _healthz(request: web.Request) -> web.Response:
    return _json({"alive": True})


async def _readyz(request: web.Request) -> web.Response:
    view = request.app[_VIEW]
    if view.ready:
        return _json(ReadinessDocument(ready=True))
    return _json(ReadinessDocument(ready=False, waiting_for=view.waiting_for()), status=503)


async def _metrics(request: web.Request) -> web.Response:
    await request.app[_VIEW].refresh()
    # On the loop, not in a thread: the counters that it reads are plain numbers without a lock.
    encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
    return web.Response(body=encode(request.app[_REGISTRY]), headers={hdrs.CONTENT_TYPE: content_type})


async def _routes(request: web.Request) -> web.Response:
    view = request.app[_VIEW]
    waiting_for = view.waiting_for()
    if waiting_for:
        return _not_ready(waiting_for)
    return _json(routes_document(view.routes(), view.problems(), view.not_served()))


async def _problems(request: web.Request) -> web.Response:
    # At any time: a problem may be why it is not ready.
    return _json(problems_document(request.app[_VIEW].problems()))


async def _explain(request: web.Request) -> web.Response:
    method, url = request.query.get("method", "GET"), request.query.get("url", "")
    if not url:
        return _error(400, "no_url", "Give the URL to explain: /api/explain?method=GET&url=http://shop.localhost/cart")
    if len(url) > MAX_URL_LENGTH or len(method) > MAX_METHOD_LENGTH:
        return _error(400, "too_long", f"A method has at most {MAX_METHOD_LENGTH} characters, a URL {MAX_URL_LENGTH}.")
    view = request.app[_VIEW]
    waiting_for = view.waiting_for()
    if waiting_for:
        return _not_ready(waiting_for)
    try:
        explanation = view.explain(method, url)
    except ValueError as error:
        return _error(400, "bad_url", str(error))
    return _json(explanation_document(explanation))


_HANDLERS: dict[str, Handler] = {
    "/": _index,
    "/healthz": _healthz,
    "/readyz": _readyz,
    "/metrics": _metrics,
    "/api/routes": _routes,
    "/api/problems": _problems,
    "/api/explain": _explain,
}


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await _answered(request, handler)
    response.headers.update(_HEADERS)
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.headers.get(hdrs.HOST, "")
    if not request.app[_GUARD].allows(host):
        return _error(403, "foreign_host", "This port answers only to localhost and to the address it is bound to.")
    if request.method not in _READ_METHODS:
        response = _error(405, "read_only", "The admin port is read-only: use GET or HEAD.")
        response.headers[hdrs.ALLOW] = ", ".join(_READ_METHODS)
        return response
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _error(404, "not_found", f"There is no such page; there are {', '.join(_HANDLERS)}.")
    except web.HTTPException:
        raise
    except Exception:
        logger.exception("admin request failed: %s", request.path)
        return _error(500, "internal_error", "ingressd failed to answer; its log says why.")


def _json(document: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(document), status=status, content_type="application/json")


def _not_ready(waiting_for: tuple[str, ...]) -> web.Response:
    """Before everything was read once, no routes and no host would be a wrong answer, and not an early one."""
    return _error(503, "not_ready", " ".join(("ingressd has not read everything yet.", *waiting_for)))


def _error(status: int, code: str, message: str) -> web.Response:
    return web.Response(body=encode_error(code, message), status=status, content_type="application/json")
