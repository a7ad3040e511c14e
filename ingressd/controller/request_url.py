"""The URL to explain, in the spelling under which hosts and paths are compared."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from ingressd.controller.explanation import Spelling
from ingressd.resources.field_path import shown
from ingressd.routing.path import PathError, canonical_path

_URL = re.compile(
    r"(?:https?://)?(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?:\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL
)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]*)(?::[0-9]{1,5})?")
_ESCAPE = re.compile(r"%..", re.DOTALL)
_ESCAPED_DOT = re.compile(r"%2e", re.IGNORECASE)
_SENT_UNESCAPED = "/%!$&'()*+,;=:@-._~\"[]^|`{}<>\\"
"""What clients send as it is; everything else they escape."""


class RequestUrl(NamedTuple):
    """``fault`` is empty, or why no path can be made of the URL's: such a request is refused."""

    host: Spelling
    path: Spelling
    fault: str


def read_url(url: str) -> RequestUrl:
    """Read a URL with or without a scheme, as a client would send it. Raises ValueError for text that is none."""
    match = _URL.fullmatch(url)
    if match is None or not url.strip():
        raise ValueError(f"{shown(url)} is no URL: write http://shop.localhost/cart, or shop.localhost/cart")
    authority = _AUTHORITY.fullmatch(match["authority"])
    if authority is None:
        raise ValueError(
            f"{shown(match['authority'])} is no host: "
            "write letters, digits, dots and hyphens, and the xn-- form of other letters"
        )
    host = _read_host(authority["host"])
    path = match["path"] or "/"
    escaped = quote(path, safe=_SENT_UNESCAPED, errors="surrogatepass")
    try:
        canonical = canonical_path(escaped)
    except PathError as error:
        return RequestUrl(host, Spelling(path, ""), str(error))
    return RequestUrl(host, Spelling(path, canonical, _path_changes(path, escaped, canonical)), "")


def _read_host(written: str) -> Spelling:
    changes = []
    if written != written.lower():
        changes.append("Letters are in lower case: hosts are compared without case.")
    if written.endswith("."):
        changes.append("The dot at the end is gone.")
    return Spelling(written, written.lower().removesuffix("."), tuple(changes))


def _path_changes(path: str, escaped: str, canonical: str) -> tuple[str, ...]:
    changes = []
    if escaped != path:
        changes.append("Characters that cannot travel in a path are escaped, as a client does it.")
    if any(escape not in canonical for escape in _ESCAPE.findall(escaped)):
        changes.append("Escapes are in one spelling: letters, digits and -._~ plain, the others in upper case.")
    if "//" in escaped:
        changes.append("Runs of slashes are one slash.")
    if {".", ".."} & set(_ESCAPED_DOT.sub(".", escaped).split("/")):
        changes.append("The segments . and .. are resolved.")
    return tuple(changes)
