"""Which renderings of the manifests are kept, and of which files they are made.

A rendering has two origins that must come to the same objects: an overlay, with components, that kustomize builds,
and values that helm gives to the chart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

MANIFESTS = Path(__file__).parent
RENDERED = MANIFESTS / "rendered"
CHART = MANIFESTS / "chart"
DIGESTS = RENDERED / "sources.sha256"
NAMESPACE = "ingressd-system"
RELEASE = "ingressd"

_SOURCES = ("base", "chart", "components", "overlays")


class Rendering(msgspec.Struct, frozen=True):
    """``overlay`` and ``components`` are folders beside this file; ``values`` are what the chart needs for the same."""

    name: str
    overlay: str
    values: Mapping[str, Any] = {}
    components: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        return RENDERED / f"{self.name}.yaml"


RENDERINGS = (
    Rendering("cluster-ip", "base", {"service": {"type": "ClusterIP"}}),
    Rendering("load-balancer", "overlays/load-balancer"),
    Rendering(
        "node-port",
        "overlays/node-port",
        {"service": {"type": "NodePort", "nodePorts": {"http": 30080, "https": 30443}}},
    ),
    Rendering("host-network", "overlays/host-network", {"hostNetwork": {"enabled": True}}),
    Rendering(
        "namespaced",
        "overlays/load-balancer",
        {"watchNamespaces": [NAMESPACE]},
        ("components/namespaced",),
    ),
    Rendering(
        "prometheus-operator",
        "overlays/load-balancer",
        {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}},
        ("components/service-monitor", "components/pod-monitor"),
    ),
)

EVERY_VALUE: Mapping[str, Any] = {
    "fullnameOverride": "edge",
    "image": {
        "repository": "registry.example.com/ingressd",
        "digest": "sha256:" + "0" * 64,
        "pullPolicy": "Always",
        "pullSecrets": [{"name": "registry"}],
    },
    "ingressClass": {"name": "edge", "default": True, "controller": "example.com/edge"},
    "watchIngressWithoutClass": True,
    "watchNamespaces": ["shop", "blog"],
    "selectors": {"ingress": "tier in (web, api)", "service": "a=b", "endpointSlice": "c", "secret": "!d"},
    "status": {"addresses": ["192.0.2.1", "edge.example.com"]},
    "workers": 4,
    "bind": "::",
    "trustedProxies": ["10.0.0.0/8", "2001:db8::/32"],
    "allowExternalNames": True,
    "accessLog": True,
    "logLevel": "warning",
    "extraArgs": ["--ingress-class=edge"],
    "extraEnv": [{"name": "TZ", "value": "UTC"}],
    "drain": {"preStopSeconds": 0, "waitSeconds": 30, "graceSeconds": 300},
    "autoscaling": {"enabled": False},
    "replicas": 3,
    "service": {
        "externalTrafficPolicy": "Cluster",
        "annotations": {"example.com/scheme": "internal"},
        "loadBalancerClass": "example.com/internal",
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
        "nodePorts": {"http": 30080, "https": 30443},
    },
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "networkPolicy": {"metricsNamespaces": ["monitoring", "prometheus"]},
    "serviceMonitor": {
        "enabled": True,
        "interval": "1m30s",
        "labels": {"release": "prometheus"},
        "relabelings": [{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}],
    },
    "podMonitor": {
        "enabled": True,
        "labels": {"release": "prometheus"},
        "relabelings": [{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}],
    },
    "serviceAccount": {"name": "edge-account", "annotations": {"example.com/role": "edge"}},
    "resources": {"requests": {"cpu": "2", "memory": "1Gi"}},
    "nodeSelector": {"example.com/edge": "true"},
    "tolerations": [{"key": "example.com/edge", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {
                    "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "ingressd"}},
                    "topologyKey": "kubernetes.io/hostname",
                }
            ]
        }
    },
    "priorityClassName": "edge",
    "podAnnotations": {"example.com/note": "edge"},
    "podLabels": {"example.com/team": "edge"},
}
"""Something else than the default wherever that goes together, so that every line of the templates is rendered."""

EVERY_VALUE_FILE = RENDERED / "chart-every-value.yaml"

REFUSED_VALUES: Mapping[str, Mapping[str, Any]] = {
    "an unknown value": {"replica": 3},
    "an unknown value inside another": {"service": {"typ": "NodePort"}},
    "a text for a number": {"workers": "two"},
    "a Service type that takes no traffic": {"service": {"type": "ExternalName"}},
    "a namespace that cannot be": {"watchNamespaces": ["Shop"]},
    "a monitor for an admin port on loopback": {
        "hostNetwork": {"enabled": True},
        "serviceMonitor": {"enabled": True},
    },
}
"""What the chart must not render, by what is wrong with it."""


def sources() -> tuple[Path, ...]:
    """Return every file that renderings are made of, in a fixed order."""
    found = (path for folder in _SOURCES for path in (MANIFESTS / folder).rglob("*") if path.is_file())
    return (Path(__file__), *sorted(path for path in found if path != CHART / "README.md"))


def digests() -> str:
    """Return the digest of each source, as ``sha256sum`` prints it.

    It is kept beside the renderings: whoever changes a source and forgets to render is told without kustomize or helm.
    """
    lines = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(MANIFESTS).as_posix()}\n"
        for path in sources()
    )
    return "".join(lines)
