from __future__ import annotations

import pytest

from ingressd.resources.endpoint_slice import SERVICE_NAME_LABEL, EndpointSlice, SliceEndpoint, SlicePort
from ingressd.resources.metadata import Metadata
from ingressd.resources.validation import validate
from ingressd.resources.validation.endpoint_slice import MOST_ADDRESSES, MOST_ENDPOINTS, MOST_PORTS

ENDPOINT = SliceEndpoint(addresses=("10.0.0.1",))


def endpoint_slice(
    *endpoints: SliceEndpoint, ports: tuple[SlicePort, ...] = (), address_type: str = "IPv4"
) -> EndpointSlice:
    metadata = Metadata(name="web-1", namespace="shop", labels={SERVICE_NAME_LABEL: "web"})
    return EndpointSlice(metadata=metadata, address_type=address_type, endpoints=endpoints, ports=ports)


def at(address: str, address_type: str = "IPv4") -> EndpointSlice:
    return endpoint_slice(SliceEndpoint(addresses=(address,)), address_type=address_type)


@pytest.mark.parametrize(
    "resource",
    [
        endpoint_slice(),
        endpoint_slice(*[ENDPOINT] * MOST_ENDPOINTS),
        endpoint_slice(SliceEndpoint(addresses=("10.0.0.1",) * MOST_ADDRESSES, hostname="a", node_name="n.1")),
        endpoint_slice(ENDPOINT, ports=(SlicePort(port=80), SlicePort(name="a", app_protocol="kubernetes.io/ws"))),
        at("2001:db8::1", "IPv6"),
        at("web.example.com", "FQDN"),
        at("224.1.0.1"),
    ],
)
def test_valid(resource: EndpointSlice) -> None:
    assert validate(resource) == ()


@pytest.mark.parametrize(
    ("resource", "code", "path"),
    [
        (endpoint_slice(address_type="ipv4"), "unsupported_value", "addressType"),
        (endpoint_slice(*[ENDPOINT] * (MOST_ENDPOINTS + 1)), "too_many", "endpoints"),
        (
            endpoint_slice(ports=tuple(SlicePort(name=f"p{i}") for i in range(MOST_PORTS + 1))),
            "too_many",
            "ports",
        ),
        (
            endpoint_slice(SliceEndpoint(addresses=("10.0.0.1",) * (MOST_ADDRESSES + 1))),
            "too_many",
            "endpoints[0].addresses",
        ),
        (endpoint_slice(ENDPOINT, SliceEndpoint()), "missing_field", "endpoints[1].addresses"),
        (at("10.0.0.1:80"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("::1"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("10.0.0.1", "IPv6"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("0.0.0.0"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("169.254.169.254"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("224.0.0.1"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("fe80::1", "IPv6"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("ff02::1", "IPv6"), "invalid_address", "endpoints[0].addresses[0]"),
        (at("localhost", "FQDN"), "invalid_address", "endpoints[0].addresses[0]"),
        (
            endpoint_slice(SliceEndpoint(addresses=("10.0.0.1",), hostname="a.b")),
            "invalid_name",
            "endpoints[0].hostname",
        ),
        (
            endpoint_slice(SliceEndpoint(addresses=("10.0.0.1",), node_name="A")),
            "invalid_name",
            "endpoints[0].nodeName",
        ),
        (endpoint_slice(ports=(SlicePort(name="A"),)), "invalid_port", "ports[0].name"),
        (endpoint_slice(ports=(SlicePort(name="a"), SlicePort(name="a"))), "duplicate_port", "ports[1].name"),
        (endpoint_slice(ports=(SlicePort(), SlicePort(name=""))), "duplicate_port", "ports[1].name"),
        (endpoint_slice(ports=(SlicePort(port=0),)), "invalid_port", "ports[0].port"),
        (endpoint_slice(ports=(SlicePort(protocol="http"),)), "unsupported_value", "ports[0].protocol"),
        (endpoint_slice(ports=(SlicePort(app_protocol="-"),)), "invalid_name", "ports[0].appProtocol"),
    ],
)
def test_errors(resource: EndpointSlice, code: str, path: str) -> None:
    (problem,) = validate(resource)
    assert (problem.severity, problem.code, problem.path) == ("error", code, path)
    assert problem.advice


@pytest.mark.parametrize("resource", [at("127.0.0.1"), at("::1", "IPv6")])
def test_loopback_is_served_from_files_only(resource: EndpointSlice) -> None:
    (problem,) = validate(resource)
    assert (problem.severity, problem.code) == ("warning", "loopback_address")
    assert problem.path == "endpoints[0].addresses[0]"
    assert resource.endpoints[0].addresses[0] in problem.message


def test_many_loopback_addresses_are_one_warning() -> None:
    mixed = SliceEndpoint(addresses=("10.0.0.1", "127.0.0.2", "127.0.0.3"))
    (problem,) = validate(endpoint_slice(ENDPOINT, mixed, SliceEndpoint(addresses=("127.0.0.4",))))
    assert (problem.code, problem.path) == ("loopback_address", "endpoints[1].addresses[1]")
    assert "127.0.0.2 and 2 more" in problem.message


@pytest.mark.parametrize("labels", [{}, {SERVICE_NAME_LABEL: ""}, {"service-name": "web"}])
def test_without_a_service_it_is_not_used(labels: dict[str, str]) -> None:
    (problem,) = validate(EndpointSlice(metadata=Metadata(name="web-1", namespace="shop", labels=labels)))
    assert (problem.severity, problem.code) == ("warning", "no_service_name")
    assert problem.path == "metadata.labels[kubernetes.io/service-name]"
    assert '"kubernetes.io/service-name: web"' in problem.advice
