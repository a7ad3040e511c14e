"""IngressClass (``ValidateIngressClass`` of the API server)."""

from __future__ import annotations

from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress_class import IngressClass, IngressClassParameters
from ingressd.resources.validation.syntax import DNS_LABEL, DNS_SUBDOMAIN, DOMAIN_PREFIXED_PATH, PATH_SEGMENT


def check(ingress_class: IngressClass, findings: Findings) -> None:
    controller = ingress_class.spec.controller
    if controller:
        DOMAIN_PREFIXED_PATH.check(controller, "invalid_controller", "spec.controller", findings)
    else:
        advice = "Name the controller that serves this class."
        findings.error("missing_field", "spec.controller", "The controller is missing.", advice)
    if ingress_class.spec.parameters is not None:
        _check_parameters(ingress_class.spec.parameters, "spec.parameters", findings)


def _check_parameters(parameters: IngressClassParameters, place: str, findings: Findings) -> None:
    if parameters.api_group:
        DNS_SUBDOMAIN.check(parameters.api_group, "invalid_name", f"{place}.apiGroup", findings)
    for field, value in (("kind", parameters.kind), ("name", parameters.name)):
        if value:
            PATH_SEGMENT.check(value, "invalid_name", f"{place}.{field}", findings)
        else:
            message = f"The {field} of the parameters is missing."
            findings.error("missing_field", f"{place}.{field}", message, "Add it, or remove the parameters.")
    match parameters.scope:
        case "Cluster":
            if parameters.namespace:
                message = "Parameters with scope Cluster have no namespace."
                advice = 'Remove the namespace, or write "scope: Namespace".'
                findings.error("invalid_parameters", f"{place}.namespace", message, advice)
        case "Namespace":
            if parameters.namespace:
                DNS_LABEL.check(parameters.namespace, "invalid_name", f"{place}.namespace", findings)
            else:
                message = "Parameters with scope Namespace need a namespace."
                findings.error("missing_field", f"{place}.namespace", message, "Name the namespace.")
        case other:
            message = f"There is no scope {shown(other)}."
            findings.error("invalid_parameters", f"{place}.scope", message, 'Write "Cluster" or "Namespace".')
