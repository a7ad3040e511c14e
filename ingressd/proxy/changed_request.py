"""What a middleware has changed in a request on its way to the upstream."""

from __future__ import annotations

import re

from aiohttp import web

from ingressd.proxy.decision import Decision
from ingressd.proxy.failures import Failure
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.request_head import RequestHead, parse_request_head
from ingressd.proxy.request_line import HeadLimits
from ingressd.proxy.target import parse_target
from ingressd.proxy.written_fields import checked_fields

LIMITS = HeadLimits(line=65536, total=131072, fields=500)
"""Of a head with what middlewares have added: above those of clients, and below what upstreams take for an attack."""

_REPLACED = frozenset(name.decode("ascii") for name in REPLACED)
_UNENCODED = re.compile(r"[^!-~]")


def changed_head(head: RequestHead, original: web.Request, changed: web.Request) -> RequestHead:
    """Return the head with the fields of ``changed``; every field that ingressd writes or frames by stays the client's.

    It is parsed like a client's, so that the strict parser has the last word. Raises ValueError for what cannot be
    sent.
    """
    if changed.method != original.method:
        raise ValueError("the method of a request cannot be changed: the client waits for the answer to its own")
    if changed.headers is original.headers:
        return head
    lines = [head.first_line]
    # What else a client names in Connection is gone already; here it would take away what a middleware adds.
    kept = (field for field in head.section.every_field() if field[0] in REPLACED and field[0] != b"connection")
    lines += (b"%b: %b\r\n" % (name, value) for _, name, value in kept)
    if head.upgrade is not None:
        lines.append(b"Connection: Upgrade\r\n")
    for name, value in checked_fields(changed.headers.items()):
        if "_" in name:
            raise ValueError(f"the header field {name} has an underscore, and such fields are never forwarded")
        if name.lower() not in _REPLACED:
            lines.append(f"{name}: {value}\r\n".encode("utf-8", "surrogateescape"))
    lines.append(b"\r\n")
    try:
        return parse_request_head(b"".join(lines), LIMITS)
    except Failure as failure:
        raise ValueError(f"the changed request cannot be sent: {failure.detail}") from None


def changed_decision(decision: Decision, original: web.Request, changed: web.Request) -> Decision:
    """Return the decision with the path and query of ``changed``.

    The route stays. A path that differs is asked for as it is, and one that does not as the route rewrites it. Raises
    ValueError for a path that is none.
    """
    before, after = original.rel_url, changed.rel_url
    if after == before:
        return decision
    path, query = after.raw_path, after.raw_query_string
    if path == before.raw_path:
        path = decision.target.path
    text = f"{path}?{query}" if query else path
    if not text.startswith("/") or _UNENCODED.search(text) is not None:
        raise ValueError(f"a request cannot be forwarded for {text!r}")
    try:
        target, _ = parse_target(original.method, text.encode("ascii"))
    except Failure as failure:
        raise ValueError(f"a request cannot be forwarded for {text!r}: {failure.detail}") from None
    return Decision(decision.route, decision.upstream, target, decision.failure)
