"""Fields behind a chunked body: which of them pass, and to whom.

Nobody has to understand trailers, and whoever merges them into the header lets an endpoint, or a client, rewrite
what has been decided by the header. So they are dropped unless their receiver said that it takes them, and then those
go that a trailer must not be (RFC 9110 section 6.5.1).

Only an answer's trailers can pass, to a client that sent ``TE: trailers``, as gRPC clients do. A request's are checked
and dropped: an endpoint has no way to ask for them, and gRPC clients send none. ``Trailer``, which announces them,
passes in neither direction: it would promise fields that are dropped here.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.proxy.fields import Field
from ingressd.proxy.forwarded_fields import REPLACED

_CONTROLS = (b"age", b"cache-control", b"date", b"expires", b"location", b"max-forwards", b"pragma", b"range")
_CONTROLS_OF_ANSWERS = (b"accept-ranges", b"allow", b"retry-after", b"server", b"vary", b"via", b"warning")
_CONDITIONS = (b"if-match", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since")
_AUTHENTICATION = (
    b"authentication-info",
    b"authorization",
    b"cookie",
    b"cookie2",
    b"proxy-authenticate",
    b"proxy-authentication-info",
    b"set-cookie",
    b"set-cookie2",
    b"www-authenticate",
)
_CONTENT = (
    b"content-disposition",
    b"content-encoding",
    b"content-language",
    b"content-location",
    b"content-range",
    b"content-type",
)
NEVER_IN_TRAILERS = REPLACED.union(
    _CONTROLS, _CONTROLS_OF_ANSWERS, _CONDITIONS, _AUTHENTICATION, _CONTENT, {b"x-ingressd-reason"}
)
"""In lower case: framing, routing, controls, conditions, authentication, and how a body is read (RFC 9110 section
6.5.1); and what ingressd alone says."""


def trailer_lines(fields: Iterable[Field]) -> bytes:
    """Return the lines of those fields that pass, in their order, spelling and bytes."""
    return b"".join(b"%b: %b\r\n" % (name, value) for lower, name, value in fields if lower not in NEVER_IN_TRAILERS)
