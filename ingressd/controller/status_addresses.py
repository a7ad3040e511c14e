"""The addresses that clients and DNS find this controller at, for the status of its Ingresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from ingressd.kube.api import Api
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.permissions import Feature, forbidden_sentence
from ingressd.kube.replicas import Replicas
from ingressd.kube.resource import SERVICES
from ingressd.resources.published import PublishedAddress, PublishedStatus
from ingressd.settings import StatusSettings

Addresses = tuple[PublishedAddress, ...]
"""Sorted, each once."""


class AddressesUnknownError(Exception):
    """There is nothing to publish now; the text is one sentence for an operator. What was published stays."""


class AddressSource(Protocol):
    """``poll_seconds`` is how often it is worth asking again."""

    poll_seconds: float

    async def addresses(self) -> Addresses:
        """Return at least one address. Raises AddressesUnknownError."""
        ...


def address_source(api: Api, settings: StatusSettings, replicas: Replicas | None) -> AddressSource | None:
    """Choose as ``settings`` say; None outside a cluster when they name neither a Service nor an address: nobody can
    know the nodes there."""
    if settings.addresses:
        return FixedAddresses(settings.addresses)
    if settings.service is not None:
        return ServiceAddresses(api, settings.service.namespace, settings.service.name, replicas)
    return NodeAddresses(replicas) if replicas is not None else None


class FixedAddresses:
    """``--publish-status-address``: IP addresses and host names."""

    poll_seconds = 3600.0

    def __init__(self, texts: Iterable[str]) -> None:
        self._addresses = sorted_addresses(PublishedAddress.of(text) for text in texts)

    async def addresses(self) -> Addresses:
        return self._addresses


class NodeAddresses:
    """The nodes on which this controller's pods are ready."""

    poll_seconds = 30.0

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas

    async def addresses(self) -> Addresses:
        try:
            found = await self._replicas.node_addresses()
        except ApiError as error:
            raise AddressesUnknownError(f"The nodes of the controller's pods are not known: {error}") from error
        if not found:
            raise AddressesUnknownError("No pod of the controller is ready on a node with an address.")
        return sorted_addresses(PublishedAddress.of(text) for text in found)


class _ServiceSpec(msgspec.Struct):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    external_name: str = msgspec.field(default="", name="externalName")
    external_ips: tuple[str, ...] | None = msgspec.field(default=None, name="externalIPs")


class PublishedService(msgspec.Struct):
    """What of a Service says where it is reached."""

    spec: _ServiceSpec = msgspec.field(default_factory=_ServiceSpec)
    status: PublishedStatus = PublishedStatus()


class ServiceAddresses:
    """``--publish-service``: the Service in front of this controller. A load balancer gets its address late."""

    poll_seconds = 10.0

    def __init__(self, api: Api, namespace: str, name: str, replicas: Replicas | None) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._subject = f"Service {namespace}/{name} of --publish-service"
        self._nodes = NodeAddresses(replicas) if replicas is not None else None

    async def addresses(self) -> Addresses:
        service = await self._read()
        found = service_addresses(service)
        if not found and service.spec.type == "NodePort" and self._nodes is not None:
            return await self._nodes.addresses()
        if not found:
            why = _WITHOUT_ADDRESS.get(service.spec.type, f"has the type {service.spec.type}, which says no address.")
            raise AddressesUnknownError(f"{self._subject} {why}")
        return found

    async def _read(self) -> PublishedService:
        try:
            body = await self._api.request("GET", SERVICES.path(self._namespace, self._name))
            return msgspec.json.decode(body, type=PublishedService)
        except ApiError as error:
            if error.fault is ApiFault.NOT_FOUND:
                message = f"{self._subject} does not exist: create it, or name the Service in front of ingressd."
            elif error.fault is ApiFault.FORBIDDEN:
                message = forbidden_sentence(SERVICES, Feature.STATUS, self._namespace)
            else:
                message = f"{self._subject} cannot be read: {error}"
            raise AddressesUnknownError(message) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise AddressesUnknownError(f"{self._subject} cannot be read: {error}") from error


_WITHOUT_ADDRESS = {
    "LoadBalancer": "has no address yet: its load balancer is not ready.",
    "NodePort": "has no externalIPs, and the nodes of the controller's pods are not known outside a cluster.",
    "ClusterIP": "is headless, and has no address of its own.",
    "ExternalName": "has no externalName.",
}


def service_addresses(service: PublishedService) -> Addresses:
    """Return what the Service itself says; none when it says nothing (yet).

    By its type, as in ingress-nginx: LoadBalancer: the addresses of the load balancer, and ``externalIPs``.
    NodePort: ``externalIPs``. ClusterIP: ``clusterIP``. ExternalName: that name.
    """
    spec = service.spec
    external = [PublishedAddress.of(text) for text in spec.external_ips or () if text]
    if spec.type == "LoadBalancer":
        balancer = [address for address in service.status.addresses if address.ip or address.hostname]
        return sorted_addresses([*balancer, *external])
    if spec.type == "NodePort":
        return sorted_addresses(external)
    if spec.type == "ClusterIP":
        return (PublishedAddress.of(spec.cluster_ip),) if spec.cluster_ip not in ("", "None") else ()
    if spec.type == "ExternalName":
        return (PublishedAddress.of(spec.external_name),) if spec.external_name else ()
    return ()


def sorted_addresses(addresses: Iterable[PublishedAddress]) -> Addresses:
    return tuple(sorted(set(addresses)))
