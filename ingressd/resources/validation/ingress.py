"""Ingress (``ValidateIngressSpec`` of the API server)."""

from __future__ import annotations

from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Backend, HttpPath, Ingress, ResourceBackend, Rule, ServiceBackend, Tls
from ingressd.resources.validation.syntax import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    PATH_SEGMENT,
    PORT_NAME,
    check_host,
    check_port_number,
)

PATH_TYPES = ("Exact", "Prefix", "ImplementationSpecific")

REFUSED_IN_PATH = ("//", "/./", "/../", "%2f", "%2F")
REFUSED_AT_PATH_END = ("/..", "/.")

_PATH_TYPE_ADVICE = 'Write "pathType: Prefix" for a path and everything below it, or "pathType: Exact".'


def check(ingress: Ingress, findings: Findings) -> None:
    spec = ingress.spec
    if not spec.rules and spec.default_backend is None:
        message = "The Ingress has neither rules nor a defaultBackend."
        findings.error("missing_field", "spec", message, 'Add "rules" or "defaultBackend".')
    if spec.ingress_class_name is not None:
        DNS_SUBDOMAIN.check(spec.ingress_class_name, "invalid_name", "spec.ingressClassName", findings)
    if spec.default_backend is not None:
        _check_backend(spec.default_backend, "spec.defaultBackend", findings)
    for index, rule in enumerate(spec.rules):
        _check_rule(rule, f"spec.rules[{index}]", findings)
    for index, tls in enumerate(spec.tls):
        _check_tls(tls, f"spec.tls[{index}]", findings)


def _check_rule(rule: Rule, place: str, findings: Findings) -> None:
    if rule.host:
        check_host(rule.host, f"{place}.host", findings)
    if rule.http is None:
        return
    if not rule.http.paths:
        advice = 'Add a path, or leave "http" out to send the whole host to the default backend.'
        findings.error("missing_field", f"{place}.http.paths", "The rule has no paths.", advice)
    for index, path in enumerate(rule.http.paths):
        path_place = f"{place}.http.paths[{index}]"
        _check_path(path, path_place, findings)
        _check_backend(path.backend, f"{path_place}.backend", findings)


def _check_path(path: HttpPath, place: str, findings: Findings) -> None:
    if path.path_type not in PATH_TYPES:
        message = "pathType is missing." if not path.path_type else f"There is no pathType {shown(path.path_type)}."
        findings.error("invalid_path_type", f"{place}.pathType", message, _PATH_TYPE_ADVICE)
        return
    literal = path.path_type != "ImplementationSpecific"
    if not path.path.startswith("/") and (path.path or literal):
        message = f"The path {shown(path.path)} does not start with a slash." if path.path else "The path is missing."
        findings.error("invalid_path", f"{place}.path", message, 'Start it with "/".')
    if not literal:
        return
    found = [part for part in REFUSED_IN_PATH if part in path.path]
    found += [end for end in REFUSED_AT_PATH_END if path.path.endswith(end)]
    if found:
        findings.error(
            "invalid_path",
            f"{place}.path",
            f"The path {shown(path.path)} contains {shown(found[0])}.",
            "Write the path in its simplest form: single slashes, no dot segments, no encoded slash.",
        )


def _check_backend(backend: Backend, place: str, findings: Findings) -> None:
    if backend.service is not None and backend.resource is not None:
        message = "The backend has both a service and a resource."
        findings.error("invalid_backend", place, message, "Leave one of them out.")
    elif backend.service is not None:
        _check_service(backend.service, f"{place}.service", findings)
    elif backend.resource is not None:
        _check_resource(backend.resource, f"{place}.resource", findings)
    else:
        advice = 'Write "backend: {service: {name: web, port: {number: 80}}}".'
        findings.error("invalid_backend", place, "The backend names no service.", advice)


def _check_service(service: ServiceBackend, place: str, findings: Findings) -> None:
    if service.name:
        DNS_LABEL.check(service.name, "invalid_name", f"{place}.name", findings)
    else:
        findings.error("missing_field", f"{place}.name", "The name of the Service is missing.", "Name a Service.")
    port = service.port
    if port.name and port.number:
        message = "The port has both a name and a number."
        findings.error("invalid_port", f"{place}.port", message, "Leave one of them out.")
    elif port.name:
        PORT_NAME.check(port.name, "invalid_port", f"{place}.port.name", findings)
    elif port.number:
        check_port_number(port.number, f"{place}.port.number", findings)
    else:
        advice = 'Write "port: {number: 80}", or "port: {name: http}".'
        findings.error("invalid_port", f"{place}.port", "The port has neither a name nor a number.", advice)


def _check_resource(resource: ResourceBackend, place: str, findings: Findings) -> None:
    if resource.api_group:
        DNS_SUBDOMAIN.check(resource.api_group, "invalid_name", f"{place}.apiGroup", findings)
    for field, value in (("kind", resource.kind), ("name", resource.name)):
        if value:
            PATH_SEGMENT.check(value, "invalid_name", f"{place}.{field}", findings)
        else:
            findings.error(
                "missing_field",
                f"{place}.{field}",
                f"The {field} of the resource is missing.",
                "Name a Service instead: resources are not served.",
            )


def _check_tls(tls: Tls, place: str, findings: Findings) -> None:
    for index, host in enumerate(tls.hosts):
        check_host(host, f"{place}.hosts[{index}]", findings)
    if tls.secret_name:
        DNS_SUBDOMAIN.check(tls.secret_name, "invalid_name", f"{place}.secretName", findings)
