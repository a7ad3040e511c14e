"""A name that requests carry, with what is served under it."""

from __future__ import annotations

import msgspec

from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import Route


class VirtualHost(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``routed`` is False for a name that appears only under ``tls``: it chooses a certificate and no route.

    ``fallback`` takes the requests that no path matches. ``certificate`` names an entry of the table's certificates.
    While there is no such entry, because a Secret is missing or holds nothing usable, the host gets the listener's
    default, and not the certificate of a host that covers it.
    """

    host: str
    paths: PathTrie
    routed: bool = True
    fallback: Route | None = None
    certificate: str | None = None
