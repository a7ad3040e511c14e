"""EndpointSlice, discovery.k8s.io/v1."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata

SERVICE_NAME_LABEL = "kubernetes.io/service-name"


class Conditions(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """Absent is not false: an absent ``ready`` or ``serving`` means true, an absent ``terminating`` false."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetReference(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class SliceEndpoint(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """Consumers use only the first address (discovery/v1, ``Endpoint.addresses``)."""

    addresses: tuple[str, ...] = ()
    conditions: Conditions = Conditions()
    hostname: str = ""
    node_name: str = ""
    target_ref: TargetReference | None = None


class SlicePort(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """``name`` is the join key with the Service's port name; both are empty for an unnamed port."""

    name: str | None = None
    port: int | None = None
    protocol: str | None = None
    app_protocol: str | None = None


class EndpointSlice(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    kind: ClassVar[Kind] = Kind.ENDPOINT_SLICE

    metadata: Metadata
    address_type: str = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[SlicePort, ...] = ()

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind.ENDPOINT_SLICE, self.metadata.namespace, self.metadata.name)

    @property
    def service_name(self) -> str:
        """The Service it belongs to, in its own namespace; empty when the label is missing."""
        return self.metadata.labels.get(SERVICE_NAME_LABEL, "")
