"""EndpointSlices that are as nearly all are.

They are most of what an API server sends, and validating every address, name and label of one takes ten times as long
as decoding it. What passes this cheaper and stricter look has nothing that validation would report.
"""

from __future__ import annotations

import re

from ingressd.resources.endpoint_slice import EndpointSlice, SlicePort
from ingressd.resources.metadata import Metadata
from ingressd.resources.validation.endpoint_slice import MOST_ENDPOINTS
from ingressd.resources.validation.service import PROTOCOLS

_MOST_ENTRIES = 50
_LONGEST_ANNOTATION = 1000

# The special-purpose ranges among which validation has objections are left out whole. No octet has a leading zero.
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS = re.compile(rf"(?!0\.|127\.|169\.|224\.){_OCTET}(?:\.{_OCTET}){{3}}")
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,60}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,60}[a-z0-9])?){0,3}")
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_QUALIFIED = re.compile(rf"(?:{_SUBDOMAIN.pattern}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_PORTS = range(1, 65536)


def is_plain(found: EndpointSlice) -> bool:
    """True when ``validation.validate`` has surely nothing to say; False means nothing."""
    if found.address_type != "IPv4" or not found.service_name or len(found.endpoints) > MOST_ENDPOINTS:
        return False
    return _has_plain_metadata(found.metadata) and _has_plain_endpoints(found) and _has_plain_ports(found.ports)


def _has_plain_metadata(metadata: Metadata) -> bool:
    names = [*metadata.labels, *metadata.annotations]
    return (
        len(names) <= _MOST_ENTRIES
        and _SUBDOMAIN.fullmatch(metadata.name) is not None
        and _LABEL.fullmatch(metadata.namespace) is not None
        and all(map(_QUALIFIED.fullmatch, names))
        and all(map(_VALUE.fullmatch, metadata.labels.values()))
        and all(len(value) <= _LONGEST_ANNOTATION for value in metadata.annotations.values())
    )


def _has_plain_endpoints(found: EndpointSlice) -> bool:
    nodes: set[str] = set()
    matches = _ADDRESS.fullmatch
    for endpoint in found.endpoints:
        if len(endpoint.addresses) != 1 or matches(endpoint.addresses[0]) is None or endpoint.hostname:
            return False
        nodes.add(endpoint.node_name)
    nodes.discard("")
    return all(map(_SUBDOMAIN.fullmatch, nodes))


def _has_plain_ports(ports: tuple[SlicePort, ...]) -> bool:
    if len(ports) > _MOST_ENTRIES or len({port.name or "" for port in ports}) != len(ports):
        return False
    return all(
        (not port.name or _LABEL.fullmatch(port.name) is not None)
        and (port.port is None or port.port in _PORTS)
        and (port.protocol is None or port.protocol in PROTOCOLS)
        and not port.app_protocol
        for port in ports
    )
