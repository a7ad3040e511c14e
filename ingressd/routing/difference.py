"""A change of the routing table, as plain data that can travel to another process."""

from __future__ import annotations

import msgspec

from ingressd.routing.upstream import Upstream, UpstreamKey
from ingressd.routing.virtual_host import VirtualHost
from tls.key_pair import KeyPair


class TableDifference(msgspec.Struct, frozen=True):
    """What to set, and with None what to remove."""

    hosts: dict[str, VirtualHost | None] = {}
    upstreams: dict[UpstreamKey, Upstream | None] = {}
    certificates: dict[str, KeyPair | None] = {}

    def __bool__(self) -> bool:
        return bool(self.hosts or self.upstreams or self.certificates)
