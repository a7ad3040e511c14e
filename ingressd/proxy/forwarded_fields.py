"""Which of a request's fields are not passed on as they are."""

from __future__ import annotations

from ingressd.proxy.fields import HOP_BY_HOP

CLIENT_FIELDS = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-original-forwarded-for",
        b"x-original-uri",
        b"x-original-url",
        b"x-real-ip",
        b"x-scheme",
    }
)
"""Fields that tell upstreams who the client is; from a peer that is not trusted they are lies."""

OWN_FIELDS = frozenset({b"x-request-id", b"proxy", b"proxy-authorization", b"expect", b"http2-settings"})
"""Fields that ingressd writes itself, answers itself, or that lead applications astray (``Proxy``, httpoxy)."""

FRAMING_FIELDS = frozenset({b"content-length", b"transfer-encoding"})

REPLACED = HOP_BY_HOP | CLIENT_FIELDS | OWN_FIELDS | FRAMING_FIELDS | {b"host"}
"""Every field whose line an upstream does not get, though it may get one of ours of the same name."""
