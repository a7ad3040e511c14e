"""What the smallest site in a cluster is made of."""

from __future__ import annotations

from typing import Any

from tests.support.manifests import Manifest, endpoint_slice, ingress, path, rule, service
from tests.support.pods import Pods
from tests.support.running_proxy import RunningProxy, eventually

CLASS = "ingressd"


def site(name: str, service_name: str = "web", *, class_name: str | None = CLASS, **ingress_fields: Any) -> Manifest:
    """An Ingress of this name that serves the host ``<name>.test``."""
    return ingress(name, rule(f"{name}.test", path("/", service_name)), class_name=class_name, **ingress_fields)


def backed_by(pods: Pods, name: str = "web", *, namespace: str = "default") -> tuple[Manifest, Manifest]:
    """The Service that is named like a pod, and the EndpointSlice that leads there."""
    found = endpoint_slice(f"{name}-1", name, pods.ports[name], namespace=namespace)
    return service(name, namespace=namespace), found


def wait_for_pod(running: RunningProxy, name: str, pod: str = "web") -> None:
    """Wait until ``<name>.test`` is answered by the pod, or, for "404 no_host", by ingressd itself."""
    eventually(lambda: running.get("/", host=f"{name}.test").pod == pod)
