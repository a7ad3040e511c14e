"""The kinds that the fake API server knows, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Json = dict[str, Any]
"""One object, as decoded JSON."""

NAMES = ("metadata.name", "metadata.namespace")


class ApiKind(msgspec.Struct, frozen=True):
    """What is particular about one kind.

    ``generation`` names the fields whose change counts as a new generation; ``selectable`` the fields, besides
    ``metadata.name`` and ``metadata.namespace``, that a field selector may name. ``unconditional_update`` says whether
    a PUT may leave out the resource version, ``created_by_update`` whether a PUT creates what is not there: both are
    the ``Allow...`` methods of the kind's strategy in Kubernetes ``pkg/registry``.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    has_status: bool = False
    generation: tuple[str, ...] = ()
    selectable: tuple[str, ...] = ()
    unconditional_update: bool = True
    created_by_update: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """As errors name it: ``ingresses.networking.k8s.io``, ``services``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def opening(self) -> bytes:
        """How an encoded object begins that says what it is; lists leave this out of their items."""
        return b'{"kind":"%b","apiVersion":"%b",' % (self.kind.encode(), self.api_version.encode())

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        return "/".join([*parts, self.plural, *filter(None, (name, subresource))])


_EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)
_POD_FIELDS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)

KINDS = (
    ApiKind("networking.k8s.io", "v1", "Ingress", "ingresses", has_status=True, generation=("spec",)),
    ApiKind("networking.k8s.io", "v1", "IngressClass", "ingressclasses", namespaced=False, generation=("spec",)),
    ApiKind("", "v1", "Service", "services", has_status=True, selectable=("spec.clusterIP", "spec.type")),
    ApiKind(
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        "endpointslices",
        generation=("addressType", "endpoints", "ports"),
    ),
    ApiKind("", "v1", "Secret", "secrets", selectable=("type",)),
    ApiKind("coordination.k8s.io", "v1", "Lease", "leases", unconditional_update=False, created_by_update=True),
    ApiKind("", "v1", "Event", "events", selectable=_EVENT_FIELDS, created_by_update=True),
    ApiKind("", "v1", "Pod", "pods", has_status=True, generation=("spec",), selectable=_POD_FIELDS),
    ApiKind("", "v1", "Node", "nodes", namespaced=False, has_status=True, selectable=("spec.unschedulable",)),
    ApiKind("", "v1", "Namespace", "namespaces", namespaced=False, has_status=True, selectable=("status.phase",)),
    ApiKind("", "v1", "ConfigMap", "configmaps"),
    ApiKind("", "v1", "ServiceAccount", "serviceaccounts"),
)

BY_KIND: Mapping[str, ApiKind] = {kind.kind: kind for kind in KINDS}
BY_PLURAL: Mapping[tuple[str, str, str], ApiKind] = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}


def kind_of(manifest: Json) -> ApiKind:
    """Return the kind that a manifest says it is. Raises KeyError for one that the server does not know."""
    kind = BY_KIND[manifest["kind"]]
    if manifest["apiVersion"] != kind.api_version:
        raise KeyError(f"{manifest['apiVersion']} {manifest['kind']}")
    return kind
