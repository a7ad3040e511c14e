"""What the API server calls the objects that ingressd reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from ingressd.resources.key import Kind


class Resource(msgspec.Struct, frozen=True):
    """``group`` is empty for the core group. ``plural`` is the name in paths and in RBAC rules."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As an object says it: ``networking.k8s.io/v1``, ``v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the path of one object, or, without a name, of all of them in a namespace or everywhere.

        Kubernetes API Concepts, "Resource URIs".
        """
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)

    def __str__(self) -> str:
        """As ``kubectl`` takes it: ``ingresses.networking.k8s.io``, ``services``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


INGRESSES = Resource("networking.k8s.io", "v1", "Ingress", "ingresses")
INGRESS_CLASSES = Resource("networking.k8s.io", "v1", "IngressClass", "ingressclasses", namespaced=False)
SERVICES = Resource("", "v1", "Service", "services")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
SECRETS = Resource("", "v1", "Secret", "secrets")
LEASES = Resource("coordination.k8s.io", "v1", "Lease", "leases")
EVENTS = Resource("", "v1", "Event", "events")
PODS = Resource("", "v1", "Pod", "pods")
NODES = Resource("", "v1", "Node", "nodes", namespaced=False)

WATCHED: Mapping[Kind, Resource] = {
    Kind.INGRESS_CLASS: INGRESS_CLASSES,
    Kind.INGRESS: INGRESSES,
    Kind.SERVICE: SERVICES,
    Kind.ENDPOINT_SLICE: ENDPOINT_SLICES,
    Kind.SECRET: SECRETS,
}
"""The kinds that are listed and watched; translation needs no other."""
