"""Ingress, networking.k8s.io/v1."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.metadata import Metadata
from ingressd.resources.published import PublishedStatus

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
"""Deprecated since Kubernetes 1.18 and still in use: a free string that stands for the class of an Ingress."""


class ServicePort(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A Service port by name or by number: exactly one of them in a valid object."""

    name: str = ""
    number: int = 0


class ServiceBackend(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    name: str = ""
    port: ServicePort = ServicePort()


class ResourceBackend(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A backend that is no Service. ingressd serves none, and says so."""

    kind: str = ""
    name: str = ""
    api_group: str = ""


class Backend(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    service: ServiceBackend | None = None
    resource: ResourceBackend | None = None


class HttpPath(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    path: str = ""
    path_type: str = ""
    backend: Backend = Backend()


class HttpRule(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    paths: tuple[HttpPath, ...] = ()


class Rule(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    host: str = ""
    http: HttpRule | None = None


class Tls(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    tls: tuple[Tls, ...] = ()
    rules: tuple[Rule, ...] = ()


class Ingress(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    kind: ClassVar[Kind] = Kind.INGRESS

    metadata: Metadata
    spec: IngressSpec = IngressSpec()
    status: PublishedStatus = PublishedStatus()

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(Kind.INGRESS, self.metadata.namespace, self.metadata.name)
