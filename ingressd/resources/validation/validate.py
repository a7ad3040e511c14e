"""Every check of one object."""

from __future__ import annotations

from ingressd.resources.config_map import ConfigMap
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Ingress
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.namespace import Namespace
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Problem
from ingressd.resources.secret import Secret
from ingressd.resources.service import Service
from ingressd.resources.validation import (
    data,
    endpoint_slice,
    ingress,
    ingress_class,
    metadata,
    mistakes,
    service,
)


def validate(resource: KubernetesObject) -> tuple[Problem, ...]:
    """What is wrong with an object that decoded well; empty when nothing is.

    An ERROR says that an API server would refuse the object, a WARNING that it would accept it and that its
    author surely meant something else. Needs no other object and never raises.
    """
    findings = Findings()
    metadata.check(resource, findings)
    match resource:
        case Ingress():
            ingress.check(resource, findings)
            mistakes.check(resource, findings)
        case IngressClass():
            ingress_class.check(resource, findings)
        case Service():
            service.check(resource, findings)
        case EndpointSlice():
            endpoint_slice.check(resource, findings)
        case Secret():
            data.check_secret(resource, findings)
        case ConfigMap():
            data.check_config_map(resource, findings)
        case Namespace():
            pass
    return findings.problems(resource.key)
