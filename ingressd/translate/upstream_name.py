"""What an upstream key says."""

from __future__ import annotations

from typing import NamedTuple

from ingressd.routing.upstream import UpstreamKey


class UpstreamName(NamedTuple):
    """The parts of an upstream key; ``port`` is a number or a name, as the Ingress wrote it."""

    namespace: str
    service: str
    port: str

    @classmethod
    def of(cls, key: UpstreamKey) -> UpstreamName:
        rest, _, port = key.rpartition(":")
        namespace, _, service = rest.rpartition("/")
        return cls(namespace, service, port)
