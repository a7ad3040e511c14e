"""What the API server fills in: the defaults of a kind, and the class of an Ingress.

Kubernetes ``pkg/apis/*/v1/defaults.go`` and ``plugin/pkg/admission/network/defaultingressclass``.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Any

from .kinds import ApiKind, Json
from .storage import Stored

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"


def with_defaults(kind: ApiKind, value: Json, status: Any, before: Json | None = None) -> Json:
    """Return the object with its defaults and this status; ``before`` is what it replaces."""
    match kind.kind:
        case "Ingress":
            status = status or {"loadBalancer": {}}
        case "IngressClass":
            _ingress_class(value)
        case "Service":
            _service(value, before)
            status = status or {"loadBalancer": {}}
        case "EndpointSlice":
            # Go keeps no difference between an empty list and none, and writes both as null.
            for field in ("endpoints", "ports"):
                value[field] = value.get(field) or None
            for port in value["ports"] or ():
                port.setdefault("name", "")
                port.setdefault("protocol", "TCP")
        case "Secret":
            value.setdefault("type", "Opaque")
            texts = value.pop("stringData", None) or {}
            if texts:
                data = value.setdefault("data", {})
                data.update({name: base64.b64encode(text.encode()).decode() for name, text in texts.items()})
        case "Namespace":
            value["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = value["metadata"].get("name")
            value.setdefault("spec", {"finalizers": ["kubernetes"]})
            status = status or {"phase": "Active"}
        case "Pod":
            status = status or {"phase": "Pending", "qosClass": "BestEffort"}
        case _:
            pass
    if status is not None and kind.has_status:
        value["status"] = status
    return value


def admitted(ingress: Json, classes: Sequence[Stored]) -> None:
    """Give a new Ingress without a class the default one, and of several the newest."""
    spec = ingress.setdefault("spec", {})
    if spec.get("ingressClassName") is not None or CLASS_ANNOTATION in (ingress["metadata"].get("annotations") or {}):
        return
    defaults = [
        (metadata["creationTimestamp"], metadata["name"])
        for metadata in (each.value()["metadata"] for each in classes)
        if (metadata.get("annotations") or {}).get(DEFAULT_CLASS_ANNOTATION) == "true"
    ]
    if defaults:
        newest = max(created for created, _ in defaults)
        spec["ingressClassName"] = min(name for created, name in defaults if created == newest)


def _ingress_class(value: Json) -> None:
    parameters = value.setdefault("spec", {}).get("parameters")
    if parameters:
        parameters.setdefault("scope", "Cluster")


def _service(value: Json, before: Json | None) -> None:
    spec = value.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if spec["type"] != "ExternalName":
            port.setdefault("targetPort", port.get("port"))
    if spec["type"] == "ExternalName":
        return
    spec.setdefault("internalTrafficPolicy", "Cluster")
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if not spec.get("clusterIP"):
        kept = ((before or {}).get("spec") or {}).get("clusterIP")
        spec["clusterIP"] = kept if kept and kept != "None" else _cluster_ip(value["metadata"])
    spec.setdefault("clusterIPs", [spec["clusterIP"]])


def _cluster_ip(metadata: Json) -> str:
    """Return an address of the usual range; it stands for one, nothing listens there."""
    number = zlib.crc32(f"{metadata.get('namespace')}/{metadata.get('name')}".encode())
    return f"10.{96 + (number >> 16 & 15)}.{number >> 8 & 255}.{number & 255}"
