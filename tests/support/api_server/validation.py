"""What the API server refuses: the rules that ingressd's objects and writes can meet.

Kubernetes ``pkg/apis/*/validation`` (422, with the field) and the decoding into Go types (400).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .defaults import CLASS_ANNOTATION
from .kinds import ApiKind, Json
from .names import is_address, is_label_value, is_qualified, name_error
from .status_error import FieldError, forbidden_value, invalid, required, unsupported
from .validation_ingress import ingress_class_errors, ingress_errors, load_balancer_errors

_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_MICRO_TIME_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_MICRO_TIMES = {"Lease": (("spec", "acquireTime"), ("spec", "renewTime")), "Event": (("eventTime",),)}
_NAME_SHAPES = {"Service": "label", "Namespace": "label"}
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
LONGEST_EVENT_TEXT = {"action": 128, "reason": 128, "message": 1024}


def read_errors(kind: ApiKind, value: Json) -> str:
    """Return why the body cannot be decoded into the kind's Go type, or nothing."""
    metadata = value["metadata"]
    if not isinstance(metadata, dict):
        return "json: cannot unmarshal metadata into Go struct field of type v1.ObjectMeta"
    for name in ("labels", "annotations"):
        texts = metadata.get(name) or {}
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            return f"json: cannot unmarshal into Go struct field ObjectMeta.metadata.{name} of type string"
    for name in ("spec", "status"):
        if not isinstance(value.get(name) or {}, dict):
            return f"json: cannot unmarshal into Go struct field {kind.kind}.{name}"
    if kind.kind == "Secret":
        for text in (value.get("data") or {}).values():
            try:
                base64.b64decode(text or "", validate=True)
            except (binascii.Error, TypeError, ValueError):
                return "illegal base64 data at input byte 0"
    for path in _MICRO_TIMES.get(kind.kind, ()):
        found: Any = value
        for part in path:
            found = (found or {}).get(part)
        if found is not None and not (isinstance(found, str) and _MICRO_TIME.fullmatch(found)):
            return f'parsing time "{found}" as "{_MICRO_TIME_LAYOUT}": cannot parse "{found}" as "{_MICRO_TIME_LAYOUT}"'
    return ""


def metadata_errors(kind: ApiKind, metadata: Json) -> list[FieldError]:
    errors = []
    name = metadata.get("name") or ""
    if not name:
        errors.append(required("metadata.name", "name or generateName is required"))
    elif text := name_error(_NAME_SHAPES.get(kind.kind, "subdomain"), name):
        errors.append(invalid("metadata.name", name, text))
    for key, value in (metadata.get("labels") or {}).items():
        if not is_qualified(key):
            errors.append(invalid("metadata.labels", key, "name part must consist of alphanumeric characters"))
        if not is_label_value(value):
            errors.append(invalid("metadata.labels", value, "a valid label must be an empty string or alphanumeric"))
    errors += [
        invalid("metadata.annotations", key, "name part must consist of alphanumeric characters")
        for key in metadata.get("annotations") or {}
        if not is_qualified(key.lower())
    ]
    errors += [
        invalid("metadata.finalizers", finalizer, "name is neither a standard finalizer name nor is it fully qualified")
        for finalizer in metadata.get("finalizers") or ()
        if "/" not in finalizer
    ]
    return errors


def spec_errors(kind: ApiKind, value: Json, *, creating: bool) -> list[FieldError]:
    spec = value.get("spec") or {}
    match kind.kind:
        case "Ingress":
            annotations = value["metadata"].get("annotations") or {}
            return ingress_errors(spec, annotations, CLASS_ANNOTATION, creating=creating)
        case "IngressClass":
            return ingress_class_errors(spec)
        case "Service":
            return _service_errors(spec)
        case "EndpointSlice":
            return _slice_errors(value)
        case "Secret":
            return _data_errors(value) + _secret_errors(value)
        case "ConfigMap":
            return _data_errors(value)
        case "Lease":
            return _lease_errors(spec)
        case "Event":
            return _event_errors(value)
        case _:
            return []


def status_errors(kind: ApiKind, value: Json) -> list[FieldError]:
    status = value.get("status") or {}
    addresses = (status.get("loadBalancer") or {}).get("ingress")
    if kind.kind == "Service" and value["spec"].get("type") != "LoadBalancer" and addresses:
        return [forbidden_value("status.loadBalancer.ingress", "may only be used when `spec.type` is 'LoadBalancer'")]
    return load_balancer_errors(status) if kind.kind in ("Ingress", "Service") else []


def update_errors(kind: ApiKind, before: Json, after: Json) -> list[FieldError]:
    """Return the fields that may not change and do."""
    unchanging = {
        "IngressClass": (("spec", "controller"),),
        "EndpointSlice": (("addressType",),),
        "Secret": (("type",),),
    }
    errors = []
    for path in unchanging.get(kind.kind, ()):
        old: Any = before
        new: Any = after
        for part in path:
            old, new = (old or {}).get(part), (new or {}).get(part)
        if old != new:
            errors.append(invalid(".".join(path), new, "field is immutable"))
    if (before.get("immutable") is True) and before.get("data") != after.get("data"):
        errors.append(forbidden_value("data", "field is immutable when `immutable` is set"))
    return errors


def _service_errors(spec: Json) -> list[FieldError]:
    errors = []
    service_type, ports = spec.get("type"), spec.get("ports") or []
    types = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    if service_type not in types:
        errors.append(unsupported("spec.type", service_type, types))
    if service_type == "ExternalName":
        name = (spec.get("externalName") or "").removesuffix(".")
        if not name:
            errors.append(required("spec.externalName"))
        elif text := name_error("subdomain", name):
            errors.append(invalid("spec.externalName", name, text))
    elif not ports and spec.get("clusterIP") != "None":
        errors.append(required("spec.ports"))
    names = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        number, name = port.get("port"), port.get("name") or ""
        if not isinstance(number, int) or not 0 < number < 65536:
            errors.append(invalid(f"{field}.port", number, "must be between 1 and 65535, inclusive"))
        if not name and len(ports) > 1:
            errors.append(required(f"{field}.name"))
        elif name and (text := name_error("label", name)):
            errors.append(invalid(f"{field}.name", name, text))
        elif name in names:
            errors.append(FieldError(f"{field}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"'))
        names.add(name)
    return errors


def _slice_errors(value: Json) -> list[FieldError]:
    errors = []
    address_type, types = value.get("addressType"), ("FQDN", "IPv4", "IPv6")
    if not address_type:
        errors.append(required("addressType"))
    elif address_type not in types:
        errors.append(unsupported("addressType", address_type, types))
    for index, endpoint in enumerate(value.get("endpoints") or ()):
        addresses = endpoint.get("addresses") or []
        field = f"endpoints[{index}].addresses"
        if not addresses:
            errors.append(required(field, "must contain at least 1 address"))
        for position, address in enumerate(addresses):
            version = {"IPv4": ".", "IPv6": ":"}.get(address_type or "", "")
            if version and not is_address(address):
                message = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                errors.append(invalid(f"{field}[{position}]", address, message))
            elif version not in address:
                errors.append(invalid(field, address, f"must be an {address_type} address"))
    return errors


def _data_errors(value: Json) -> list[FieldError]:
    text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    return [invalid(f"data[{key}]", key, text) for key in value.get("data") or () if not _DATA_KEY.fullmatch(key)]


def _secret_errors(value: Json) -> list[FieldError]:
    if value.get("type") != "kubernetes.io/tls":
        return []
    data = value.get("data") or {}
    return [required(f"data[{name}]") for name in ("tls.crt", "tls.key") if name not in data]


def _lease_errors(spec: Json) -> list[FieldError]:
    errors = []
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        errors.append(invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        errors.append(invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    return errors


def _event_errors(value: Json) -> list[FieldError]:
    """Without an ``eventTime`` an event is an old one, and only its namespace is checked."""
    errors = []
    about = (value.get("involvedObject") or {}).get("namespace") or ""
    namespace = value["metadata"].get("namespace", "")
    new = value.get("eventTime") is not None
    if about:
        agrees = new or about == namespace
    else:
        agrees = namespace in (("default", "kube-system") if new else ("", "default"))
    if not agrees:
        errors.append(invalid("involvedObject.namespace", about, "does not match event.namespace"))
    if not new:
        return errors
    needed = ("reportingComponent", "reportingInstance", "action", "reason")
    errors += [required(name) for name in needed if not value.get(name)]
    for name, longest in LONGEST_EVENT_TEXT.items():
        if len(value.get(name) or "") > longest:
            errors.append(invalid(name, "", f"can have at most {longest} characters"))
    return errors
