"""Metadata of every kind (``ValidateObjectMeta`` of the API server)."""

from __future__ import annotations

from collections.abc import Mapping

from ingressd.resources import field_path
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.key import Kind
from ingressd.resources.object import KubernetesObject
from ingressd.resources.validation.syntax import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    LABEL_VALUE,
    QUALIFIED_NAME,
    Syntax,
)

MOST_ANNOTATION_BYTES = 256 * 1024
"""All keys and values together (apimachinery, ``TotalAnnotationSizeLimitB``)."""

# Service names are DNS-1035 labels until RelaxedServiceNameValidation (KEP-5311) is on; the wider rule serves both.
NAME_SYNTAX: Mapping[Kind, Syntax] = {
    Kind.INGRESS: DNS_SUBDOMAIN,
    Kind.INGRESS_CLASS: DNS_SUBDOMAIN,
    Kind.SERVICE: DNS_LABEL,
    Kind.ENDPOINT_SLICE: DNS_SUBDOMAIN,
    Kind.SECRET: DNS_SUBDOMAIN,
    Kind.CONFIG_MAP: DNS_SUBDOMAIN,
    Kind.NAMESPACE: DNS_LABEL,
}


def check(resource: KubernetesObject, findings: Findings) -> None:
    metadata = resource.metadata
    NAME_SYNTAX[resource.kind].check(metadata.name, "invalid_name", "metadata.name", findings)
    if resource.kind.namespaced:
        DNS_LABEL.check(metadata.namespace, "invalid_name", "metadata.namespace", findings)
    for name, value in metadata.labels.items():
        path = field_path.child("metadata.labels", name)
        QUALIFIED_NAME.check(name, "invalid_label", path, findings)
        LABEL_VALUE.check(value, "invalid_label", path, findings)
    size = 0
    for name, value in metadata.annotations.items():
        size += len(name.encode("utf-8", "surrogatepass")) + len(value.encode("utf-8", "surrogatepass"))
        # The prefix of an annotation may have upper case letters, unlike that of a label.
        if not QUALIFIED_NAME.fits(name.lower()):
            path = field_path.child("metadata.annotations", name)
            findings.error(
                "invalid_annotation",
                path,
                f"{shown(name)} is not a valid annotation name.",
                f"It must be {QUALIFIED_NAME.rule}.",
            )
    if size > MOST_ANNOTATION_BYTES:
        findings.error(
            "too_large",
            "metadata.annotations",
            f"The annotations take {size} bytes; at most {MOST_ANNOTATION_BYTES} are allowed.",
            "Move large texts into a ConfigMap.",
        )
