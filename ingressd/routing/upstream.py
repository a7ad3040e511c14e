"""A named group of interchangeable endpoints."""

from __future__ import annotations

import enum
from typing import NewType

import msgspec

UpstreamKey = NewType("UpstreamKey", str)
"""``namespace/service:port``, with the port as the Ingress wrote it (a name or a number)."""


def upstream_key(namespace: str, service: str, port: str | int) -> UpstreamKey:
    return UpstreamKey(f"{namespace}/{service}:{port}")


class Endpoint(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """``address`` is an IP address, or a DNS name that is resolved at each connect (ExternalName). ``guarded``: the
    author of the name is not trusted, so it must not lead to this machine."""

    address: str
    port: int
    guarded: bool = False

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Unavailable(enum.StrEnum):
    """Why an upstream has no endpoint to send to; the values are reason codes of answers."""

    NO_SERVICE = "no_service"
    NO_SERVICE_PORT = "no_service_port"
    NO_ENDPOINTS = "no_endpoints"
    EXTERNAL_NAME_REFUSED = "external_name_refused"


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """``endpoints`` are sorted and free of duplicates; empty exactly when ``unavailable`` says why."""

    key: UpstreamKey
    namespace: str
    service: str
    port: str
    endpoints: tuple[Endpoint, ...] = ()
    unavailable: Unavailable | None = None

    def __post_init__(self) -> None:
        if bool(self.endpoints) == (self.unavailable is not None):
            raise ValueError("an upstream has endpoints, or says why it has none")
