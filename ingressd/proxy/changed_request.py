"""What a middleware has changed in a request on its way to the upstream."""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from ingressd.proxy.decision import Decision
from ingressd.proxy.failures import Failure
from ingressd.proxy.forwarded_fields import REPLACED
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.target import parse_target
from ingressd.proxy.written_fields import checked_fields

_EMPTY_LINE = b"\r\n"
_REPLACED = frozenset(name.decode("ascii") for name in REPLACED)
_FIRST_LINE = b"\r\n"
_UNENCODED = re.compile(r"[^!-~]")


def changed_head(head: RequestHead, original: web.Request, changed: web.Request) -> RequestHead:
    """Return the head with the fields of ``changed``; every field that ingressd writes or frames by stays the client's.

    Raises ValueError for fields that cannot be sent.
    """
    if changed.method != original.method:
        raise ValueError("the method of a request cannot be changed: the client waits for the answer to its own")
    if changed.headers is original.headers:
        return head
    lines: list[bytes] = []
    for name, value in checked_fields(changed.headers.items()):
        if "_" in name:
            raise ValueError(f"the header field {name} has an underscore, and such fields are never forwarded")
        if name.lower() not in _REPLACED:
            lines.append(f"{name}: {value}\r\n".encode("utf-8", "surrogateescape"))
    known = []
    raw = _FIRST_LINE
    for lower, content, begin, end in head.known:
        # Without it, nothing that a client names there can be taken away from what a middleware adds.
        if lower != b"connection":
            known.append((lower, content, len(raw), len(raw) + end - begin))
            raw += head.raw[begin:end]
    return msgspec.structs.replace(
        head, raw=raw + b"".join(lines) + _EMPTY_LINE, fields_begin=len(_FIRST_LINE), known=known, spliceable=True
    )


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
        path = decision.target.partition("?")[0]
    text = f"{path}?{query}" if query else path
    if not text.startswith("/") or _UNENCODED.search(text) is not None:
        raise ValueError(f"a request cannot be forwarded for {text!r}")
    try:
        target, _ = parse_target(original.method, text.encode("ascii"))
    except Failure as failure:
        raise ValueError(f"a request cannot be forwarded for {text!r}: {failure.detail}") from None
    return decision._replace(target=str(target))
