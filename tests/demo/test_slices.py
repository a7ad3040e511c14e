"""The EndpointSlices of the example."""

from __future__ import annotations

from ingressd.demo.pods import PODS
from ingressd.demo.slices import endpoint_slices

PORTS = {pod: 40_000 + number for number, pod in enumerate(PODS)}


def test_each_pod_has_a_slice_of_its_service() -> None:
    slices = endpoint_slices(PORTS)
    assert {(each.metadata.namespace, each.service_name, each.metadata.name) for each in slices} == {
        (pod.namespace, pod.service, pod.name) for pod in PODS
    }


def test_a_slice_says_where_its_pod_listens() -> None:
    by_name = {each.metadata.name: each for each in endpoint_slices(PORTS, address="127.0.0.2")}
    for pod in PODS:
        found = by_name[pod.name]
        assert [endpoint.addresses for endpoint in found.endpoints] == [("127.0.0.2",)]
        assert [(port.name, port.port) for port in found.ports] == [(pod.port_name, PORTS[pod])]
        assert found.endpoints[0].conditions.ready is True


def test_the_order_does_not_depend_on_the_input() -> None:
    assert endpoint_slices(dict(reversed(PORTS.items()))) == endpoint_slices(PORTS)
