"""What identifies an object."""

from __future__ import annotations

import enum
from typing import NamedTuple


class Kind(enum.StrEnum):
    """The kinds that decide where a request goes; every other kind is passed over."""

    INGRESS = "Ingress"
    INGRESS_CLASS = "IngressClass"
    SERVICE = "Service"
    ENDPOINT_SLICE = "EndpointSlice"
    SECRET = "Secret"
    CONFIG_MAP = "ConfigMap"
    NAMESPACE = "Namespace"

    @property
    def namespaced(self) -> bool:
        return self not in (Kind.INGRESS_CLASS, Kind.NAMESPACE)


class ObjectKey(NamedTuple):
    """Kind, namespace and name. The namespace of a cluster-scoped object is the empty string."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        """As kubectl users write it: ``Ingress shop/web``, ``IngressClass nginx``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"
