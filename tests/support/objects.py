"""Short ways to write Kubernetes objects."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cryptography import x509

from ingressd.resources.endpoint_slice import (
    SERVICE_NAME_LABEL,
    Conditions,
    EndpointSlice,
    SliceEndpoint,
    SlicePort,
    TargetReference,
)
from ingressd.resources.ingress import (
    Backend,
    HttpPath,
    HttpRule,
    Ingress,
    IngressSpec,
    Rule,
    ServiceBackend,
    ServicePort,
    Tls,
)
from ingressd.resources.ingress_class import IngressClass, IngressClassSpec
from ingressd.resources.metadata import Metadata
from ingressd.resources.secret import TLS_TYPE, PrivateBytes, Secret
from ingressd.resources.service import Port, Service, ServiceSpec
from tests.tls.certificates import END, certify, key_text, new_key

NGINX = "nginx.ingress.kubernetes.io/"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def backend(service: str, port: int | str = 80) -> Backend:
    return Backend(ServiceBackend(service, ServicePort(name=port) if isinstance(port, str) else ServicePort("", port)))


def path(text: str, service: str = "web", port: int | str = 80, kind: str = "Prefix") -> HttpPath:
    return HttpPath(path=text, path_type=kind, backend=backend(service, port))


def rule(host: str, *paths: HttpPath) -> Rule:
    """Without paths it has no ``http`` at all."""
    return Rule(host, HttpRule(paths) if paths else None)


def ingress(
    name: str = "web",
    *rules: Rule,
    namespace: str = "shop",
    created: str = "",
    class_name: str | None = None,
    annotations: Mapping[str, str] | None = None,
    default: Backend | None = None,
    tls: Iterable[Tls] = (),
) -> Ingress:
    return Ingress(
        metadata=Metadata(
            name=name, namespace=namespace, creation_timestamp=created, annotations=dict(annotations or {})
        ),
        spec=IngressSpec(ingress_class_name=class_name, rules=rules, default_backend=default, tls=tuple(tls)),
    )


def ingress_class(name: str, controller: str = "ingressd.dev/controller", *, default: bool = False) -> IngressClass:
    annotations = {"ingressclass.kubernetes.io/is-default-class": "true"} if default else {}
    return IngressClass(
        metadata=Metadata(name=name, annotations=annotations), spec=IngressClassSpec(controller=controller)
    )


def service(name: str = "web", *ports: Port, namespace: str = "shop", external: str = "") -> Service:
    return Service(
        metadata=Metadata(name=name, namespace=namespace),
        spec=ServiceSpec(
            type="ExternalName" if external else "ClusterIP",
            external_name=external,
            ports=ports or (Port(port=80, target_port=8080),),
        ),
    )


def endpoint(
    address: str,
    *,
    ready: bool | None = None,
    serving: bool | None = None,
    terminating: bool | None = None,
    uid: str = "",
) -> SliceEndpoint:
    return SliceEndpoint(
        addresses=(address,),
        conditions=Conditions(ready=ready, serving=serving, terminating=terminating),
        target_ref=TargetReference(kind="Pod", name=f"pod-{uid}", uid=uid) if uid else None,
    )


def endpoint_slice(
    name: str,
    *endpoints: SliceEndpoint,
    service: str = "web",
    namespace: str = "shop",
    ports: Iterable[SlicePort] = (SlicePort(name="", port=8080),),
    address_type: str = "IPv4",
) -> EndpointSlice:
    return EndpointSlice(
        metadata=Metadata(name=name, namespace=namespace, labels={SERVICE_NAME_LABEL: service}),
        address_type=address_type,
        endpoints=endpoints,
        ports=tuple(ports),
    )


def pem_pair(*names: str, end: datetime = END) -> tuple[bytes, bytes]:
    """A certificate and its key; the same texts for the same arguments."""
    return _pem_pair(names, end)


@functools.cache
def _pem_pair(names: tuple[str, ...], end: datetime) -> tuple[bytes, bytes]:
    key = new_key()
    return certify(key, [x509.DNSName(name) for name in names], end=end), key_text(key)


def secret(name: str, *names: str, namespace: str = "shop", type_: str = TLS_TYPE, end: datetime = END) -> Secret:
    """A certificate for ``names``."""
    certificate, key = pem_pair(*names, end=end)
    return Secret(
        metadata=Metadata(name=name, namespace=namespace),
        type=type_,
        data={"tls.crt": PrivateBytes(certificate), "tls.key": PrivateBytes(key)},
    )


def broken_secret(name: str, namespace: str = "shop") -> Secret:
    return Secret(
        metadata=Metadata(name=name, namespace=namespace),
        type=TLS_TYPE,
        data={"tls.crt": PrivateBytes(b"not PEM"), "tls.key": PrivateBytes(b"not PEM either")},
    )
