"""A named group of interchangeable endpoints."""

from __future__ import annotations

import enum
from typing import Final, NewType

from ingressd.routing.endpoint import Endpoint

UpstreamKey = NewType("UpstreamKey", str)
"""``namespace/service:port``, with the port as the Ingress wrote it (a name or a number)."""


def upstream_key(namespace: str, service: str, port: str | int) -> UpstreamKey:
    return UpstreamKey(f"{namespace}/{service}:{port}")


class Unavailable(enum.StrEnum):
    """Why an upstream has no endpoint to send to; the values are reason codes of answers."""

    NO_SERVICE = "no_service"
    NO_SERVICE_PORT = "no_service_port"
    NO_ENDPOINTS = "no_endpoints"
    EXTERNAL_NAME_REFUSED = "external_name_refused"


UpstreamTuple = tuple[UpstreamKey, str, str, str, tuple[Endpoint, ...], Unavailable | None]


class Upstream:
    """``endpoints`` are sorted and free of duplicates; empty exactly when ``unavailable`` says why. To be taken as
    frozen."""

    __slots__ = ("endpoints", "key", "namespace", "port", "service", "unavailable")

    def __init__(
        self,
        *,
        key: UpstreamKey,
        namespace: str,
        service: str,
        port: str,
        endpoints: tuple[Endpoint, ...] = (),
        unavailable: Unavailable | None = None,
    ) -> None:
        if bool(endpoints) == (unavailable is not None):
            raise ValueError("an upstream has endpoints, or says why it has none")
        self.key: Final = key
        self.namespace: Final = namespace
        self.service: Final = service
        self.port: Final = port
        self.endpoints: Final = endpoints
        self.unavailable: Final = unavailable

    def as_tuple(self) -> UpstreamTuple:
        """Everything that makes it up, in the order of its arguments."""
        return self.key, self.namespace, self.service, self.port, self.endpoints, self.unavailable

    @staticmethod
    def of_tuple(values: UpstreamTuple) -> Upstream:
        """The reverse of ``as_tuple``."""
        key, namespace, service, port, endpoints, unavailable = values
        return Upstream(
            key=key, namespace=namespace, service=service, port=port, endpoints=endpoints, unavailable=unavailable
        )

    def __eq__(self, other: object) -> bool:
        return self.as_tuple() == other.as_tuple() if isinstance(other, Upstream) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.as_tuple())

    def __repr__(self) -> str:
        return f"Upstream{self.as_tuple()}"
