"""A middleware that lets only those pass who have a key, and tells the application who they are.

The keys are a JSON object in the file that API_KEYS_FILE names: {"<key>": "<client>"}. In a cluster that is a Secret,
mounted into the pod of ingressd.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from ingressd.proxy.program_request import FACTS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEY_FIELD = "X-API-Key"
CLIENT_FIELD = "X-API-Client"

_log = logging.getLogger(__name__)


def factory() -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """Called once when a process of ingressd starts. What it raises keeps ingressd from starting."""
    clients: dict[str, str] = json.loads(Path(os.environ["API_KEYS_FILE"]).read_text(encoding="utf-8"))
    known = [(key.encode(), client) for key, client in clients.items()]

    @web.middleware
    async def api_key(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(KEY_FIELD, "").encode("utf-8", "surrogateescape")
        client = next((client for key, client in known if hmac.compare_digest(key, given)), None)
        if client is None:
            _log.info("no valid key from %s for Ingress %s", request.remote, request[FACTS].ingress)
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "ApiKey"}, text="a valid X-API-Key is needed\n")
        fields = request.headers.copy()
        # All of them: a client may have sent the field of that name itself.
        fields.popall(KEY_FIELD, None)
        fields[CLIENT_FIELD] = client
        return await handler(request.clone(headers=fields))

    return api_key
