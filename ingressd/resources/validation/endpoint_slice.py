"""EndpointSlice (``ValidateEndpointSlice`` of the API server)."""

from __future__ import annotations

import ipaddress

from ingressd.resources import field_path
from ingressd.resources.endpoint_slice import SERVICE_NAME_LABEL, EndpointSlice, SliceEndpoint, SlicePort
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.validation.service import PROTOCOLS
from ingressd.resources.validation.syntax import DNS_LABEL, DNS_SUBDOMAIN, QUALIFIED_NAME, check_port_number

ADDRESS_TYPES = ("IPv4", "IPv6", "FQDN")

MOST_ENDPOINTS = 1000
MOST_ADDRESSES = 100
MOST_PORTS = 100

_FAMILIES: dict[str, type[ipaddress.IPv4Address | ipaddress.IPv6Address]] = {
    "IPv4": ipaddress.IPv4Address,
    "IPv6": ipaddress.IPv6Address,
}


def check(endpoint_slice: EndpointSlice, findings: Findings) -> None:
    address_type = endpoint_slice.address_type
    if address_type not in ADDRESS_TYPES:
        message = f"There is no address type {shown(address_type)}."
        advice = f"Use one of {', '.join(ADDRESS_TYPES)}."
        findings.error("unsupported_value", "addressType", message, advice)
    if not endpoint_slice.service_name:
        findings.warning(
            "no_service_name",
            field_path.child("metadata.labels", SERVICE_NAME_LABEL),
            f"The label {shown(SERVICE_NAME_LABEL)} is missing or empty, so this EndpointSlice belongs to no Service "
            "and is not used.",
            f'Name its Service in the label, as in "{SERVICE_NAME_LABEL}: web".',
        )
    if _few_enough("endpoints", len(endpoint_slice.endpoints), MOST_ENDPOINTS, findings):
        for index, endpoint in enumerate(endpoint_slice.endpoints):
            _check_endpoint(endpoint, address_type, f"endpoints[{index}]", findings)
        _check_loopback(endpoint_slice, findings)
    if _few_enough("ports", len(endpoint_slice.ports), MOST_PORTS, findings):
        _check_ports(endpoint_slice.ports, findings)


def _few_enough(path: str, count: int, most: int, findings: Findings) -> bool:
    if count > most:
        message = f"There are {count} entries; at most {most} are allowed."
        findings.error("too_many", path, message, "Split them over several EndpointSlices.")
    return count <= most


def _check_endpoint(endpoint: SliceEndpoint, address_type: str, place: str, findings: Findings) -> None:
    if endpoint.hostname:
        DNS_LABEL.check(endpoint.hostname, "invalid_name", f"{place}.hostname", findings)
    if endpoint.node_name:
        DNS_SUBDOMAIN.check(endpoint.node_name, "invalid_name", f"{place}.nodeName", findings)
    path = f"{place}.addresses"
    if not endpoint.addresses:
        findings.error("missing_field", path, "The endpoint has no address.", "Add its address.")
    elif _few_enough(path, len(endpoint.addresses), MOST_ADDRESSES, findings):
        for index, address in enumerate(endpoint.addresses):
            _check_address(address, address_type, f"{path}[{index}]", findings)


def _check_address(address: str, address_type: str, path: str, findings: Findings) -> None:
    family = _FAMILIES.get(address_type)
    if family is None:
        if address_type == "FQDN" and not ("." in address and DNS_SUBDOMAIN.fits(address.removesuffix("."))):
            message = f"{shown(address)} is not a fully qualified domain name."
            findings.error("invalid_address", path, message, 'Write it like "web.example.com".')
        return
    try:
        parsed = family(address)
    except ValueError:
        findings.error(
            "invalid_address",
            path,
            f"{shown(address)} is not an {address_type} address.",
            'Write the address alone, without a port: ports stand under "ports".',
        )
        return
    if parsed.is_unspecified or parsed.is_link_local or parsed in _LINK_LOCAL_MULTICAST[parsed.version]:
        message = f"{address} cannot be the address of an endpoint."
        findings.error("invalid_address", path, message, "Use the address at which the endpoint listens.")


def _check_loopback(endpoint_slice: EndpointSlice, findings: Findings) -> None:
    """One warning for all of them: whoever writes such a slice by hand writes only such addresses.

    An API server refuses them. On a laptop they are how a manifest reaches a program on the same machine.
    """
    family = _FAMILIES.get(endpoint_slice.address_type)
    if family is None:
        return
    found = [
        (f"endpoints[{index}].addresses[{address_index}]", address)
        for index, endpoint in enumerate(endpoint_slice.endpoints)
        for address_index, address in enumerate(endpoint.addresses[:MOST_ADDRESSES])
        if _is_loopback(address, family)
    ]
    if found:
        path, address = found[0]
        if len(found) == 1:
            message = f"An API server refuses the loopback address {address}; it can only be served from files."
        else:
            message = (
                f"An API server refuses loopback addresses, such as {address} and {len(found) - 1} more in this "
                "EndpointSlice; they can only be served from files."
            )
        findings.warning("loopback_address", path, message, "Keep this EndpointSlice out of a cluster.")


def _is_loopback(address: str, family: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> bool:
    try:
        return family(address).is_loopback
    except ValueError:
        return False


# The API server refuses only this part of the multicast range.
_LINK_LOCAL_MULTICAST: dict[int, ipaddress.IPv4Network | ipaddress.IPv6Network] = {
    4: ipaddress.IPv4Network("224.0.0.0/24"),
    6: ipaddress.IPv6Network("ff02::/16"),
}


def _check_ports(ports: tuple[SlicePort, ...], findings: Findings) -> None:
    names: dict[str, int] = {}
    for index, port in enumerate(ports):
        place = f"ports[{index}]"
        name = port.name or ""
        if name:
            DNS_LABEL.check(name, "invalid_port", f"{place}.name", findings)
        first = names.setdefault(name, index)
        if first != index:
            what = f"The port name {shown(name)}" if name else "A port without a name"
            message = f"{what} is already at ports[{first}]."
            findings.error("duplicate_port", f"{place}.name", message, "Give every port its own name.")
        if port.port is not None:
            check_port_number(port.port, f"{place}.port", findings)
        if port.protocol is not None and port.protocol not in PROTOCOLS:
            message = f"{shown(port.protocol)} is not a supported protocol."
            advice = f"Use one of {', '.join(PROTOCOLS)}."
            findings.error("unsupported_value", f"{place}.protocol", message, advice)
        if port.app_protocol:
            QUALIFIED_NAME.check(port.app_protocol, "invalid_name", f"{place}.appProtocol", findings)
