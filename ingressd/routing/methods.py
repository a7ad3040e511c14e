"""Which request methods are forwarded (RFC 9110 section 9; methods are compared with their case)."""

from __future__ import annotations

METHODS = frozenset(
    {"ACL", "BIND", "CHECKOUT", "COPY", "DELETE", "GET", "HEAD", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY"}
    | {"MKCALENDAR", "MKCOL", "MOVE", "NOTIFY", "OPTIONS", "PATCH", "POST", "PROPFIND", "PROPPATCH", "PURGE", "PUT"}
    | {"QUERY", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"}
)
"""Methods that are forwarded."""

REFUSED_METHODS = frozenset({"TRACE", "CONNECT"})
"""TRACE reflects credentials, CONNECT makes an open proxy."""
