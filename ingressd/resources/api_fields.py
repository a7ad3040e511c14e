"""Fields of the Kubernetes API that are not in our structs: known ones, required ones, and leftovers.

Our structs hold the fields ingressd uses. The API has more; those are named here, so that a field in neither
place is a field that no API server knows either. Source of the names: the Go types of networking/v1, core/v1,
discovery/v1 and meta/v1 (``k8s.io/api``), up to Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ingressd.resources import endpoint_slice, ingress, ingress_class, service
from ingressd.resources.config_map import ConfigMap
from ingressd.resources.metadata import Metadata
from ingressd.resources.namespace import Namespace
from ingressd.resources.published import PublishedStatus
from ingressd.resources.secret import Secret

Fields = Mapping[type[msgspec.Struct], frozenset[str]]

_ENVELOPE = frozenset({"apiVersion", "kind"})

UNUSED_FIELDS: Fields = {
    Metadata: frozenset(
        {
            "clusterName",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "finalizers",
            "generateName",
            "managedFields",
            "ownerReferences",
            "selfLink",
        }
    ),
    ingress.Ingress: _ENVELOPE,
    ingress_class.IngressClass: _ENVELOPE,
    service.Service: _ENVELOPE | {"status"},
    service.ServiceSpec: frozenset(
        {
            "allocateLoadBalancerNodePorts",
            "clusterIPs",
            "externalIPs",
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "internalTrafficPolicy",
            "ipFamilies",
            "ipFamilyPolicy",
            "loadBalancerClass",
            "loadBalancerIP",
            "loadBalancerSourceRanges",
            "publishNotReadyAddresses",
            "sessionAffinityConfig",
            "trafficDistribution",
        }
    ),
    service.Port: frozenset({"nodePort"}),
    endpoint_slice.EndpointSlice: _ENVELOPE,
    endpoint_slice.SliceEndpoint: frozenset({"deprecatedTopology", "hints", "zone"}),
    endpoint_slice.TargetReference: frozenset({"apiVersion", "fieldPath", "resourceVersion"}),
    Secret: _ENVELOPE | {"immutable", "stringData"},
    ConfigMap: _ENVELOPE | {"binaryData", "immutable"},
    Namespace: _ENVELOPE | {"spec", "status"},
}

REQUIRED_FIELDS: Fields = {
    # A slice that does not say its address type is refused; our default serves only code that builds one.
    endpoint_slice.EndpointSlice: frozenset({"addressType"}),
}

WRITTEN_BY_THE_CLUSTER: frozenset[type[msgspec.Struct]] = frozenset({PublishedStatus})
"""What no author of a manifest writes: a file may hold anything there, and it is nobody's mistake."""

_NUMBER_OR_NAME = 'Write "port: {number: 80}" for a port number or "port: {name: http}" for a port name.'
_UNDER_HTTP = 'Put it under "http": "http: {paths: [...]}".'
_UNDER_BACKEND = 'Put it under "backend": "backend: {service: {name: web, port: {number: 80}}}".'
_UNDER_RULES = 'Put it into an entry of "rules".'

LEFTOVERS: Mapping[tuple[type[msgspec.Struct], str], str] = {
    # Ingress v1beta1 (removed in Kubernetes 1.22) spelt these differently.
    (ingress.IngressSpec, "backend"): 'Write "defaultBackend": "backend" is the spelling of v1beta1.',
    (ingress.Backend, "serviceName"): (
        'Write "service: {name: web, port: {number: 80}}": "serviceName" is the spelling of v1beta1.'
    ),
    (ingress.Backend, "servicePort"): (
        'Write "service.port.number" for a port number or "service.port.name" for a port name: '
        '"servicePort" is the spelling of v1beta1.'
    ),
    (ingress.ServiceBackend, "serviceName"): 'Write "name".',
    (ingress.ServiceBackend, "servicePort"): _NUMBER_OR_NAME,
    # What people write one level too high or too low.
    (ingress.Backend, "name"): 'Put it under "service": "service: {name: web, port: {number: 80}}".',
    (ingress.Backend, "port"): 'Put it under "service": "service: {name: web, port: {number: 80}}".',
    (ingress.ServiceBackend, "number"): _NUMBER_OR_NAME,
    (ingress.ServicePort, "port"): 'Write "number" for a port number or "name" for a port name.',
    (ingress.HttpPath, "service"): _UNDER_BACKEND,
    (ingress.HttpPath, "serviceName"): _UNDER_BACKEND,
    (ingress.HttpPath, "servicePort"): _UNDER_BACKEND,
    (ingress.Rule, "paths"): _UNDER_HTTP,
    (ingress.Rule, "path"): _UNDER_HTTP,
    (ingress.Rule, "backend"): _UNDER_HTTP,
    (ingress.IngressSpec, "host"): _UNDER_RULES,
    (ingress.IngressSpec, "http"): _UNDER_RULES,
    (ingress.IngressSpec, "paths"): _UNDER_RULES,
}
"""What to write instead of a field that is wrong in this struct."""

FORM_ADVICE: Mapping[tuple[type[msgspec.Struct], str], str] = {
    (ingress.ServiceBackend, "port"): _NUMBER_OR_NAME,
    (ingress.Tls, "hosts"): 'Write a list: "hosts: [shop.example.com]".',
    (ingress.IngressSpec, "tls"): 'Write a list: "tls: [{hosts: [shop.example.com], secretName: shop-tls}]".',
    (ingress.IngressSpec, "rules"): 'Write a list: start every rule with "- ".',
    (ingress.HttpRule, "paths"): 'Write a list: start every path with "- ".',
    (ingress.Backend, "service"): 'Write "service: {name: web, port: {number: 80}}".',
}
"""How to write a field whose value has the wrong type."""
