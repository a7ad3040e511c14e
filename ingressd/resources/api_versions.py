"""Which apiVersion belongs to which kind, and what to say to somebody who wrote another or none."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from ingressd.resources.field_path import shown
from ingressd.resources.key import Kind

_LONGEST_KIND = 63
# Other kinds in the same groups stay below it: IPAddress to Ingress, ServiceAccount to Service.
_CLOSE = 0.8

API_VERSIONS: Mapping[Kind, str] = {
    Kind.INGRESS: "networking.k8s.io/v1",
    Kind.INGRESS_CLASS: "networking.k8s.io/v1",
    Kind.SERVICE: "v1",
    Kind.ENDPOINT_SLICE: "discovery.k8s.io/v1",
    Kind.SECRET: "v1",
    Kind.CONFIG_MAP: "v1",
    Kind.NAMESPACE: "v1",
}

_CONVERT_INGRESS = (
    'Change apiVersion to "networking.k8s.io/v1", give every path a pathType, rename "backend" under spec to '
    '"defaultBackend", and write serviceName and servicePort as "service: {name: ..., port: {number: ...}}"; '
    '"kubectl convert" does all of it.'
)

REMOVED_VERSIONS: Mapping[tuple[str, Kind], tuple[str, str]] = {
    ("extensions/v1beta1", Kind.INGRESS): ("1.22", _CONVERT_INGRESS),
    ("networking.k8s.io/v1beta1", Kind.INGRESS): ("1.22", _CONVERT_INGRESS),
    ("networking.k8s.io/v1beta1", Kind.INGRESS_CLASS): (
        "1.22",
        'Change apiVersion to "networking.k8s.io/v1"; the fields are the same.',
    ),
    ("discovery.k8s.io/v1beta1", Kind.ENDPOINT_SLICE): (
        "1.25",
        'Change apiVersion to "discovery.k8s.io/v1" and write the topology of an endpoint as nodeName and zone.',
    ),
}
"""The Kubernetes version that removed an API version, and how to convert (Deprecated API Migration Guide)."""


def group_of(api_version: str) -> str:
    """``networking.k8s.io`` of ``networking.k8s.io/v1``; empty for the core group."""
    return api_version.rpartition("/")[0]


def nearest_kind(api_version: str, kind: str) -> Kind | None:
    """The kind that was probably meant by one that is not used; None when it is surely another kind.

    Only kinds of the same API group count: elsewhere somebody else chose the names.
    """
    if kind.endswith("List"):
        return None
    group = group_of(api_version)
    known = {used.casefold(): used for used, version in API_VERSIONS.items() if group_of(version) == group}
    # Only the head of a long name: difflib takes quadratic time.
    nearest = difflib.get_close_matches(kind[:_LONGEST_KIND].casefold(), known, n=1, cutoff=_CLOSE)
    return known[nearest[0]] if nearest else None


def advice_on_api_version(kind: object) -> str:
    """What to write where apiVersion is missing in an object of this kind, which may be no kind at all."""
    version = next((version for used, version in API_VERSIONS.items() if used == kind), None)
    if version is not None:
        return f'Write "apiVersion: {version}".'
    return f'Write the API version of its kind, as in "apiVersion: {API_VERSIONS[Kind.INGRESS]}" for an Ingress.'


def advice_on_kind(api_version: object) -> str:
    """What to write where kind is missing in an object of this API version, which may be none at all."""
    fitting = [kind for kind, version in API_VERSIONS.items() if version == api_version] or [Kind.INGRESS]
    return f"Write what it is, as in {' or '.join(shown(f'kind: {kind}') for kind in fitting)}."
