from __future__ import annotations

import pytest

from ingressd.routing.endpoint import Endpoint
from ingressd.translate.local_endpoints import LocalEndpoint, LocalEndpointError, LocalEndpoints


@pytest.mark.parametrize(
    ("text", "namespace", "service", "port", "endpoint"),
    [
        ("web=3000", "", "web", "", Endpoint("127.0.0.1", 3000)),
        ("shop/web=3000", "shop", "web", "", Endpoint("127.0.0.1", 3000)),
        ("web:http=3000", "", "web", "http", Endpoint("127.0.0.1", 3000)),
        ("shop/web:80=10.0.0.9:3000", "shop", "web", "80", Endpoint("10.0.0.9", 3000)),
        ("web=LocalHost:3000", "", "web", "", Endpoint("localhost", 3000)),
        ("web=[::1]:3000", "", "web", "", Endpoint("::1", 3000)),
    ],
)
def test_a_mapping_is_parsed(text: str, namespace: str, service: str, port: str, endpoint: Endpoint) -> None:
    assert LocalEndpoint.parse(text) == LocalEndpoint(service, endpoint, namespace, port)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("shop/web:http=3000", "shop/web:http=3000"),
        ("web=127.0.0.1:3000", "web=3000"),
        ("web=[::1]:3000", "web=[::1]:3000"),
    ],
)
def test_a_mapping_is_written_in_its_shortest_form(text: str, written: str) -> None:
    mapping = LocalEndpoint.parse(text)
    assert mapping.written == written
    assert LocalEndpoint.parse(written) == mapping == LocalEndpoint.parse(str(mapping))


@pytest.mark.parametrize(
    "text", ["", "web", "=3000", "web=", "web=0", "web=65536", "web=a:b", "a/b/c=1", "web=::1:3000", "web=1\n", "Web=1"]
)
def test_text_that_maps_nothing_is_quoted(text: str) -> None:
    with pytest.raises(LocalEndpointError) as caught:
        LocalEndpoint.parse(text)
    assert repr(text) in str(caught.value)


def test_the_most_specific_mapping_wins() -> None:
    texts = ["web=1", "web:80=2", "shop/web=3", "shop/web:80=4"]
    mappings = LocalEndpoints(tuple(LocalEndpoint.parse(text) for text in texts))

    def port_of(namespace: str, *ports: str) -> int | None:
        found = mappings.lookup(namespace, "web", *ports)
        return found.endpoint.port if found else None

    assert port_of("other", "90") == 1
    assert port_of("other", "80") == 2
    assert port_of("shop", "90") == 3
    assert port_of("shop", "http", "80") == 4
    assert mappings.lookup("shop", "cart", "80") is None


def test_two_mappings_of_the_same_service_are_refused() -> None:
    with pytest.raises(LocalEndpointError, match="shop/web is mapped twice"):
        LocalEndpoints((LocalEndpoint.parse("shop/web=1"), LocalEndpoint.parse("shop/web=2")))
