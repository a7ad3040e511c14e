"""Service, v1."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata


class Port(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """``target_port`` is a container port number or name; absent means the same number as ``port``."""

    name: str = ""
    port: int = 0
    target_port: int | str | None = None
    protocol: str = "TCP"
    app_protocol: str = ""


class ServiceSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_name: str = ""
    selector: dict[str, str] = {}
    ports: tuple[Port, ...] = ()
    session_affinity: str = ""


class Service(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    kind: ClassVar[Kind] = Kind.SERVICE

    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind.SERVICE, self.metadata.namespace, self.metadata.name)
