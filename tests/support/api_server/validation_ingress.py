"""What is refused about Ingresses and IngressClasses (Kubernetes ``pkg/apis/networking/validation``)."""

from __future__ import annotations

import re
from typing import Any

from .kinds import Json
from .names import is_address, name_error, port_name_error
from .status_error import FieldError, forbidden_value, invalid, required, unsupported

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_IN_PATH = ("//", "/./", "/../", "%2f", "%2F")
_AT_END = ("/..", "/.")
_CONTROLLER = re.compile(r"[^/]+/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
LONGEST_CONTROLLER = 250


def ingress_errors(spec: Json, annotations: Json, class_annotation: str, *, creating: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    rules, default = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and default is None:
        errors.append(invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if default is not None:
        errors += _backend_errors("spec.defaultBackend", default)
    for index, rule in enumerate(rules):
        errors += _rule_errors(f"spec.rules[{index}]", rule)
    for index, entry in enumerate(spec.get("tls") or ()):
        field = f"spec.tls[{index}]"
        for position, host in enumerate(entry.get("hosts") or ()):
            errors += _host_errors(f"{field}.hosts[{position}]", host)
        secret = entry.get("secretName") or ""
        if secret and (text := name_error("subdomain", secret)):
            errors.append(invalid(f"{field}.secretName", secret, text))
    class_name = spec.get("ingressClassName")
    if class_name is not None and (text := name_error("subdomain", class_name)):
        errors.append(invalid("spec.ingressClassName", class_name, text))
    annotated = annotations.get(class_annotation)
    if creating and annotated is not None and class_name is not None and annotated != class_name:
        text = "must match `ingressClassName` when both are specified"
        errors.append(invalid(f"annotations.{class_annotation}", annotated, text))
    return errors


def ingress_class_errors(spec: Json) -> list[FieldError]:
    errors = []
    controller = spec.get("controller") or ""
    if not controller:
        errors.append(required("spec.controller"))
    elif len(controller) > LONGEST_CONTROLLER:
        errors.append(
            FieldError(
                "spec.controller", "FieldValueTooLong", f"Too long: may not be more than {LONGEST_CONTROLLER} bytes"
            )
        )
    elif not _CONTROLLER.fullmatch(controller) or name_error("subdomain", controller.split("/")[0]):
        errors.append(invalid("spec.controller", controller, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    parameters = spec.get("parameters")
    if parameters is not None:
        field = "spec.parameters"
        errors += [required(f"{field}.{name}") for name in ("kind", "name") if not parameters.get(name)]
        scope = parameters.get("scope")
        if scope not in ("Cluster", "Namespace"):
            errors.append(unsupported(f"{field}.scope", scope, ("Cluster", "Namespace")))
        elif scope == "Namespace" and not parameters.get("namespace"):
            errors.append(required(f"{field}.namespace", "`parameters.scope` is set to 'Namespace'"))
        elif scope == "Cluster" and parameters.get("namespace"):
            errors.append(forbidden_value(f"{field}.namespace", "`parameters.scope` is set to 'Cluster'"))
    return errors


def load_balancer_errors(status: Json) -> list[FieldError]:
    errors = []
    for index, entry in enumerate((status.get("loadBalancer") or {}).get("ingress") or ()):
        field = f"status.loadBalancer.ingress[{index}]"
        address, hostname = entry.get("ip") or "", entry.get("hostname") or ""
        if address and not is_address(address):
            text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            errors.append(invalid(f"{field}.ip", address, text))
        if hostname and (text := name_error("subdomain", hostname)):
            errors.append(invalid(f"{field}.hostname", hostname, text))
        if hostname and is_address(hostname):
            errors.append(invalid(f"{field}.hostname", hostname, "must be a DNS name, not an IP address"))
    return errors


def _host_errors(field: str, host: str) -> list[FieldError]:
    text = name_error("wildcard" if "*" in host else "subdomain", host)
    return [invalid(field, host, text)] if text else []


def _rule_errors(field: str, rule: Json) -> list[FieldError]:
    errors = []
    host = rule.get("host") or ""
    if host:
        if is_address(host):
            errors.append(invalid(f"{field}.host", host, "must be a DNS name, not an IP address"))
        errors += _host_errors(f"{field}.host", host)
    if rule.get("http") is not None:
        paths = rule["http"].get("paths") or []
        if not paths:
            errors.append(required(f"{field}.http.paths"))
        for index, path in enumerate(paths):
            errors += _path_errors(f"{field}.http.paths[{index}]", path)
    return errors


def _path_errors(field: str, entry: Json) -> list[FieldError]:
    path, path_type = entry.get("path") or "", entry.get("pathType")
    if path_type is None:
        return [required(f"{field}.pathType", "pathType must be specified")]
    errors = []
    if path_type in ("Exact", "Prefix"):
        if not path.startswith("/"):
            errors.append(invalid(f"{field}.path", path, "must be an absolute path"))
        if path:
            errors += [
                invalid(f"{field}.path", path, f"must not contain '{part}'") for part in _IN_PATH if part in path
            ]
            errors += [
                invalid(f"{field}.path", path, f"cannot end with '{part}'") for part in _AT_END if path.endswith(part)
            ]
    elif path_type == "ImplementationSpecific":
        if path and not path.startswith("/"):
            errors.append(invalid(f"{field}.path", path, "must be an absolute path"))
    else:
        errors.append(unsupported(f"{field}.pathType", path_type, _PATH_TYPES))
    return errors + _backend_errors(f"{field}.backend", entry.get("backend") or {})


def _backend_errors(field: str, backend: Json) -> list[FieldError]:
    service: Any = backend.get("service")
    resource: Any = backend.get("resource")
    if service is not None and resource is not None:
        return [invalid(field, "", "cannot set both resource and service backends")]
    if resource is not None:
        return [required(f"{field}.resource.{name}") for name in ("kind", "name") if not resource.get(name)]
    if service is None:
        return [invalid(field, "", "resource or service backend is required")]
    errors = []
    name = service.get("name") or ""
    if not name:
        errors.append(required(f"{field}.service.name"))
    elif text := name_error("label", name):
        errors.append(invalid(f"{field}.service.name", name, text))
    port = service.get("port") or {}
    number, port_name = port.get("number") or 0, port.get("name") or ""
    if number and port_name:
        errors.append(invalid(field, "", "cannot set both port name & port number"))
    elif not number and not port_name:
        errors.append(required(field, "port name or number is required"))
    elif port_name and (text := port_name_error(port_name)):
        errors.append(invalid(f"{field}.service.port.name", port_name, text))
    elif number and not 0 < number < 65536:
        errors.append(invalid(f"{field}.service.port.number", number, "must be between 1 and 65535, inclusive"))
    return errors
