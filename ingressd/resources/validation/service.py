"""Service (``ValidateService`` of the API server), the fields that decide where a request goes."""

from __future__ import annotations

from ingressd.resources import field_path
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.service import Port, Service, ServiceSpec
from ingressd.resources.validation.syntax import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    LABEL_VALUE,
    PORT_NAME,
    QUALIFIED_NAME,
    check_port_number,
    is_address,
)

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
PROTOCOLS = ("TCP", "UDP", "SCTP")
SESSION_AFFINITIES = ("", "None", "ClientIP")
HEADLESS = "None"


def check(service: Service, findings: Findings) -> None:
    spec = service.spec
    for path, value, allowed in (
        ("spec.type", spec.type, TYPES),
        ("spec.sessionAffinity", spec.session_affinity, SESSION_AFFINITIES),
    ):
        if value not in allowed:
            choices = ", ".join(choice for choice in allowed if choice)
            findings.error("unsupported_value", path, f"{shown(value)} is not supported.", f"Use one of {choices}.")
    _check_cluster_ip(spec, findings)
    _check_external_name(spec, findings)
    for name, value in spec.selector.items():
        path = field_path.child("spec.selector", name)
        QUALIFIED_NAME.check(name, "invalid_label", path, findings)
        LABEL_VALUE.check(value, "invalid_label", path, findings)
    if not spec.ports and spec.type != "ExternalName" and spec.cluster_ip != HEADLESS:
        advice = "Add the port that the Ingress names."
        findings.error("missing_field", "spec.ports", "The Service has no ports.", advice)
    _check_ports(spec.ports, findings)


def _check_cluster_ip(spec: ServiceSpec, findings: Findings) -> None:
    path = "spec.clusterIP"
    if spec.cluster_ip == HEADLESS:
        if spec.type != "ClusterIP" and spec.type in TYPES:
            message = f"A Service of type {spec.type} cannot be headless."
            findings.error("invalid_address", path, message, 'Remove "clusterIP: None".')
    elif spec.cluster_ip and spec.type == "ExternalName":
        message = "A Service of type ExternalName has no clusterIP."
        findings.error("invalid_address", path, message, "Remove the clusterIP.")
    elif spec.cluster_ip and not is_address(spec.cluster_ip):
        message = f"{shown(spec.cluster_ip)} is not an IP address."
        findings.error("invalid_address", path, message, 'Leave it out, or write "None" for a headless Service.')


def _check_external_name(spec: ServiceSpec, findings: Findings) -> None:
    if spec.type != "ExternalName":
        return
    if spec.external_name:
        # The API server allows one dot at the end.
        name = spec.external_name.removesuffix(".")
        DNS_SUBDOMAIN.check(name, "invalid_name", "spec.externalName", findings)
    else:
        message = "A Service of type ExternalName needs an externalName."
        findings.error("missing_field", "spec.externalName", message, "Name the DNS name it stands for.")


def _check_ports(ports: tuple[Port, ...], findings: Findings) -> None:
    names: dict[str, int] = {}
    numbers: dict[tuple[int, str], int] = {}
    for index, port in enumerate(ports):
        place = f"spec.ports[{index}]"
        _check_port(port, place, findings)
        if not port.name and len(ports) > 1:
            message = "Every port of a Service with several ports needs a name."
            findings.error("missing_field", f"{place}.name", message, "Name the port.")
        elif port.name and names.setdefault(port.name, index) != index:
            message = f"The port name {shown(port.name)} is already at spec.ports[{names[port.name]}]."
            findings.error("duplicate_port", f"{place}.name", message, "Give it another name.")
        first = numbers.setdefault((port.port, port.protocol), index)
        if first != index:
            message = f"{port.protocol} port {port.port} is already at spec.ports[{first}]."
            findings.error("duplicate_port", f"{place}.port", message, "Remove one of the two.")


def _check_port(port: Port, place: str, findings: Findings) -> None:
    if port.name:
        DNS_LABEL.check(port.name, "invalid_port", f"{place}.name", findings)
    check_port_number(port.port, f"{place}.port", findings)
    match port.target_port:
        case int(number):
            check_port_number(number, f"{place}.targetPort", findings)
        case str(name):
            PORT_NAME.check(name, "invalid_port", f"{place}.targetPort", findings)
        case None:
            pass
    if port.protocol not in PROTOCOLS:
        message = f"{shown(port.protocol)} is not a supported protocol."
        findings.error("unsupported_value", f"{place}.protocol", message, f"Use one of {', '.join(PROTOCOLS)}.")
    if port.app_protocol:
        QUALIFIED_NAME.check(port.app_protocol, "invalid_name", f"{place}.appProtocol", findings)
