"""Short ways to write manifests, as they stand in a file."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]


def ingress(
    name: str,
    *rules: Manifest,
    namespace: str = "default",
    created: str | None = None,
    class_name: str | None = None,
    annotations: Mapping[str, str] | None = None,
    default: Manifest | None = None,
    tls: Iterable[Manifest] = (),
) -> Manifest:
    metadata: Manifest = {"name": name, "namespace": namespace}
    if created is not None:
        metadata["creationTimestamp"] = created
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    spec: Manifest = {}
    if class_name is not None:
        spec["ingressClassName"] = class_name
    if default is not None:
        spec["defaultBackend"] = default
    if tls:
        spec["tls"] = list(tls)
    if rules:
        spec["rules"] = list(rules)
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def rule(host: str, *paths: Manifest) -> Manifest:
    """Without a host it is for any host; without paths it has no ``http``."""
    found: Manifest = {"host": host} if host else {}
    if paths:
        found["http"] = {"paths": list(paths)}
    return found


def path(text: str, service: str, port: int | str = 80, *, kind: str = "Prefix") -> Manifest:
    return {"path": text, "pathType": kind, "backend": backend(service, port)}


def backend(service: str, port: int | str = 80) -> Manifest:
    return {"service": {"name": service, "port": {"name" if isinstance(port, str) else "number": port}}}


def service(name: str, *ports: Manifest, namespace: str = "default", **spec: Any) -> Manifest:
    """With one port 80 unless others are given; further fields of the spec by their names."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": list(ports) or [{"port": 80}], **spec},
    }


def endpoint(address: str = "127.0.0.1", *, uid: str = "", **conditions: bool) -> Manifest:
    found: Manifest = {"addresses": [address]}
    if conditions:
        found["conditions"] = conditions
    if uid:
        found["targetRef"] = {"kind": "Pod", "name": f"pod-{uid}", "namespace": "default", "uid": uid}
    return found


def endpoint_slice(
    name: str,
    service: str,
    port: int,
    *endpoints: Manifest,
    port_name: str = "",
    family: str = "IPv4",
    namespace: str = "default",
) -> Manifest:
    """One ready endpoint on 127.0.0.1 unless others are given."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": family,
        "endpoints": list(endpoints) or [endpoint()],
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
    }


def ingress_class(name: str, *, default: bool = False, controller: str = "ingressd.dev/controller") -> Manifest:
    metadata: Manifest = {"name": name}
    if default:
        metadata["annotations"] = {"ingressclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": metadata,
        "spec": {"controller": controller},
    }


def tls_secret(name: str, certificate: bytes, private_key: bytes, *, namespace: str = "default") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": name, "namespace": namespace},
        "data": {
            "tls.crt": base64.b64encode(certificate).decode("ascii"),
            "tls.key": base64.b64encode(private_key).decode("ascii"),
        },
    }


def as_yaml(*manifests: Manifest | str) -> str:
    """Return one text with a document for each manifest; text stays as it was written."""
    return "---\n".join(
        manifest if isinstance(manifest, str) else yaml.safe_dump(manifest, sort_keys=False) for manifest in manifests
    )


def save(file: Path, *manifests: Manifest | str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(as_yaml(*manifests), encoding="utf-8")
