"""Where the world reaches what an object offers: ``status.loadBalancer`` of an Ingress or a Service."""

from __future__ import annotations

import ipaddress

import msgspec


class PublishedAddress(msgspec.Struct, frozen=True, gc=False, order=True):
    """``status.loadBalancer.ingress[]``: an IP address, or a host name. Its ``ports`` are left out: they say nothing
    about where to connect."""

    ip: str = ""
    hostname: str = ""

    @classmethod
    def of(cls, text: str) -> PublishedAddress:
        """An IP address in its canonical spelling, else a host name in lower case: the API accepts neither as the
        other (Ingress API, ``IngressLoadBalancerIngress``)."""
        try:
            return cls(ip=str(ipaddress.ip_address(text)))
        except ValueError:
            return cls(hostname=text.lower())

    def __str__(self) -> str:
        return self.hostname or self.ip


class LoadBalancer(msgspec.Struct, frozen=True, gc=False):
    ingress: tuple[PublishedAddress, ...] = ()


class PublishedStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    load_balancer: LoadBalancer = LoadBalancer()

    @property
    def addresses(self) -> tuple[PublishedAddress, ...]:
        return self.load_balancer.ingress
