"""The objects of many small applications, as an API server holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadtest.support.manifests import NAMESPACE, host

CLASS = "drill"
STATUS_ADDRESS = "192.0.2.1"  # RFC 5737: for documentation
_PORT = 80

Json = dict[str, Any]


def ingress_class() -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": CLASS},
        "spec": {"controller": "ingressd.dev/controller"},
    }


def ingress(number: int, path: str = "/") -> Json:
    """``path`` leads to the Service of the same number."""
    name = f"app-{number}"
    service = {"name": name, "port": {"number": _PORT}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "ingressClassName": CLASS,
            "rules": [
                {
                    "host": host(number),
                    "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": {"service": service}}]},
                }
            ],
        },
    }


def status() -> Json:
    """What ingressd writes into ``status`` of an Ingress when it is told that address."""
    return {"loadBalancer": {"ingress": [{"ip": STATUS_ADDRESS}]}}


def service(number: int) -> Json:
    name = f"app-{number}"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "selector": {"app": name},
            "ports": [{"name": "http", "port": _PORT, "protocol": "TCP", "targetPort": 8080}],
        },
    }


def slice_name(number: int) -> str:
    return f"app-{number}-pods"


def endpoint_slice(number: int, addresses: Sequence[str], port: int) -> Json:
    """All endpoints are ready, and listen on one port, as the pods of a Deployment do."""
    name = f"app-{number}"
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": slice_name(number),
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [address],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": f"node-{index % 50}",
                "targetRef": {
                    "kind": "Pod",
                    "namespace": NAMESPACE,
                    "name": f"{name}-{index}",
                    "uid": f"00000000-0000-4000-8000-{number:08d}{index:04d}",
                },
            }
            for index, address in enumerate(addresses)
        ],
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
    }
