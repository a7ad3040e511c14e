"""Names that a virtual host may have beside the one it is asked for."""

from __future__ import annotations

from typing import Final

ANY_HOST: Final = ""
"""The host of routes that name none: it takes the requests that no other host claims."""


def wildcard_of(host: str) -> str | None:
    """Return the wildcard that covers ``host``: its first label replaced (``a.b.c`` → ``*.b.c``)."""
    dot = host.find(".")
    return f"*{host[dot:]}" if dot > 0 else None
