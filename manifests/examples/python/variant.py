"""A middleware for an A/B test: each client stays with one variant, which the application and the answer name."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VARIANTS = ("a", "b")
COOKIE = "variant"
FIELD = "X-Variant"
THIRTY_DAYS = 30 * 24 * 3600


def factory() -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    @web.middleware
    async def variant(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = request.cookies.get(COOKIE, "")
        chosen = known if known in VARIANTS else secrets.choice(VARIANTS)
        fields = request.headers.copy()
        fields[FIELD] = chosen
        response = await handler(request.clone(headers=fields))
        response.headers[FIELD] = chosen
        if chosen != known:
            response.set_cookie(COOKIE, chosen, max_age=THIRTY_DAYS, httponly=True, samesite="Lax")
        return response

    return variant
