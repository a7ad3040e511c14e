"""Which Service port a backend of an Ingress means."""

from __future__ import annotations

import re

import msgspec

from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Backend, ServicePort
from ingressd.routing.upstream import UpstreamKey, upstream_key

MAX_PORT = 65535
_SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_PORT_NAME = re.compile(r"[A-Za-z0-9-]{1,63}")
"""Both are wider than what an API server accepts, and free of the separators of an upstream key."""


class Target(msgspec.Struct, frozen=True):
    """``upstream`` is None for a backend that is not served; the names are as written, for people."""

    upstream: UpstreamKey | None = None
    service: str = ""
    service_port: str = ""


def read_backend(backend: Backend, namespace: str, where: str, problems: Findings) -> Target:
    """Read a backend, at the JSON path ``where``. The Service is always one of the Ingress's own namespace."""
    if backend.resource is not None:
        problems.error(
            "resource_backend",
            f"{where}.resource",
            f"The backend is the {backend.resource.kind or 'resource'} {shown(backend.resource.name)}, and "
            "ingressd serves only Services.",
            "Put a Service in front of it and name that.",
        )
        return Target()
    service = backend.service
    if service is None:
        problems.error(
            "no_backend", where, "The backend names neither a Service nor a resource.", "Add service.name and a port."
        )
        return Target()
    port = _port_text(service.port)
    if not _SERVICE_NAME.fullmatch(service.name) or port is None:
        field = "service.port" if _SERVICE_NAME.fullmatch(service.name) else "service.name"
        problems.error(
            "invalid_backend",
            f"{where}.{field}",
            f"The backend {shown(service.name)} with port {shown(service.port.name or str(service.port.number))} "
            "is no Service port.",
            "Name a Service, and one of its ports by name or by number (1 to 65535).",
        )
        return Target(None, service.name, port or "")
    return Target(upstream_key(namespace, service.name, port), service.name, port)


def _port_text(port: ServicePort) -> str | None:
    if port.name:
        return port.name if _PORT_NAME.fullmatch(port.name) else None
    return str(port.number) if 1 <= port.number <= MAX_PORT else None
