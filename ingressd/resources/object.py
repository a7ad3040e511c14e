"""The union of the kinds that ingressd decodes."""

from __future__ import annotations

from ingressd.resources.config_map import ConfigMap
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.ingress import Ingress
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.key import Kind
from ingressd.resources.namespace import Namespace
from ingressd.resources.secret import Secret
from ingressd.resources.service import Service

KubernetesObject = Ingress | IngressClass | Service | EndpointSlice | Secret | ConfigMap | Namespace

TYPE_OF_KIND: dict[Kind, type[KubernetesObject]] = {
    Kind.INGRESS: Ingress,
    Kind.INGRESS_CLASS: IngressClass,
    Kind.SERVICE: Service,
    Kind.ENDPOINT_SLICE: EndpointSlice,
    Kind.SECRET: Secret,
    Kind.CONFIG_MAP: ConfigMap,
    Kind.NAMESPACE: Namespace,
}
