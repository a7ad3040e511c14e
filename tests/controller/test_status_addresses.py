from __future__ import annotations

from typing import Any

import pytest

from ingressd.controller.status_addresses import (
    AddressesUnknownError,
    AddressSource,
    FixedAddresses,
    NodeAddresses,
    ServiceAddresses,
    address_source,
)
from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.replicas import Replicas
from ingressd.settings import ObjectName, StatusSettings
from tests.kube.memory_api import Call, MemoryApi

SERVICE = "/api/v1/namespaces/system/services/ingressd"


def in_a_cluster(node_address: str = "10.0.0.1") -> tuple[MemoryApi, Replicas]:
    """One ready pod on one node."""
    api = MemoryApi()
    pod = {
        "metadata": {"name": "a", "labels": {"app": "ingressd"}},
        "spec": {"nodeName": "one"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    api.put("/api/v1/namespaces/system/pods/a", pod)
    addresses = [{"type": "InternalIP", "address": node_address}] if node_address else []
    api.put("/api/v1/nodes/one", {"metadata": {"name": "one"}, "status": {"addresses": addresses}})
    return api, Replicas(api, namespace="system", pod="a")


def with_service(spec: dict[str, Any], *balancer: dict[str, Any]) -> tuple[MemoryApi, Replicas]:
    api, replicas = in_a_cluster()
    api.put(
        SERVICE, {"metadata": {"name": "ingressd"}, "spec": spec, "status": {"loadBalancer": {"ingress": balancer}}}
    )
    return api, replicas


async def texts(source: AddressSource) -> list[str]:
    return [str(address) for address in await source.addresses()]


async def sentence(source: AddressSource) -> str:
    with pytest.raises(AddressesUnknownError) as caught:
        await source.addresses()
    return str(caught.value)


@pytest.mark.parametrize(
    ("spec", "balancer", "expected"),
    [
        ({"type": "LoadBalancer"}, [{"ip": "192.0.2.2"}, {"ip": "192.0.2.1"}], ["192.0.2.1", "192.0.2.2"]),
        ({"type": "LoadBalancer"}, [{"hostname": "lb.test", "ports": [{"port": 80}]}], ["lb.test"]),
        (
            {"type": "LoadBalancer", "externalIPs": ["192.0.2.9", "192.0.2.1"]},
            [{"ip": "192.0.2.1"}],
            ["192.0.2.1", "192.0.2.9"],
        ),
        ({"type": "NodePort", "externalIPs": ["192.0.2.9"], "clusterIP": "10.96.0.1"}, [], ["192.0.2.9"]),
        ({"type": "NodePort", "externalIPs": None, "clusterIP": "10.96.0.1"}, [], ["10.0.0.1"]),
        ({"type": "ClusterIP", "clusterIP": "10.96.0.1"}, [], ["10.96.0.1"]),
        ({"clusterIP": "10.96.0.1"}, [], ["10.96.0.1"]),
        ({"type": "ExternalName", "externalName": "Edge.Example.com"}, [], ["edge.example.com"]),
    ],
)
async def test_a_service_says_its_address_by_its_type(
    spec: dict[str, Any], balancer: list[dict[str, Any]], expected: list[str]
) -> None:
    api, replicas = with_service(spec, *balancer)
    assert await texts(ServiceAddresses(api, "system", "ingressd", replicas)) == expected


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"type": "LoadBalancer"}, "has no address yet"),
        ({"type": "NodePort"}, "has no externalIPs"),
        ({"type": "ClusterIP", "clusterIP": "None"}, "is headless"),
        ({"type": "ExternalName"}, "has no externalName"),
        ({"type": "Portal"}, "has the type Portal"),
    ],
)
async def test_a_service_without_an_address_is_a_sentence(spec: dict[str, Any], said: str) -> None:
    api, _ = with_service(spec)
    found = await sentence(ServiceAddresses(api, "system", "ingressd", None))
    assert found.startswith("Service system/ingressd of --publish-service ")
    assert said in found


async def test_a_service_that_is_missing_forbidden_or_unreadable_is_a_sentence() -> None:
    api, replicas = in_a_cluster()
    source = ServiceAddresses(api, "system", "ingressd", replicas)
    assert "does not exist" in await sentence(source)
    api.put(SERVICE, {"metadata": {}, "spec": {"type": 7}})
    assert "cannot be read" in await sentence(source)

    async def forbid(call: Call) -> None:
        raise ApiError(ApiFault.FORBIDDEN, "no", status=403)

    api.before = forbid
    assert "resources [services], verbs [get]" in await sentence(source)

    async def fail(call: Call) -> None:
        raise ApiError(ApiFault.SERVER, "The API server fails.", status=500)

    api.before = fail
    assert (await sentence(source)).endswith("cannot be read: The API server fails.")


async def test_given_addresses_are_sorted_and_each_stands_once() -> None:
    found = await texts(FixedAddresses(["lb.test", "192.0.2.1", "LB.test", "2001:db8::0:1"]))
    assert found == ["lb.test", "192.0.2.1", "2001:db8::1"]


async def test_the_nodes_are_those_of_the_replicas() -> None:
    _, replicas = in_a_cluster()
    assert await texts(NodeAddresses(replicas)) == ["10.0.0.1"]


async def test_nodes_without_an_address_or_an_answer_are_a_sentence() -> None:
    api, replicas = in_a_cluster(node_address="")
    assert "No pod of the controller is ready" in await sentence(NodeAddresses(replicas))

    async def fail(call: Call) -> None:
        raise ApiError(ApiFault.SERVER, "The API server fails.", status=500)

    api.before = fail
    assert "are not known: The API server fails." in await sentence(NodeAddresses(replicas))


def test_the_source_is_the_one_that_is_given() -> None:
    api, replicas = in_a_cluster()
    given = StatusSettings(addresses=("192.0.2.1",))
    service = StatusSettings(service=ObjectName("system", "ingressd"))
    assert isinstance(address_source(api, given, replicas), FixedAddresses)
    assert isinstance(address_source(api, service, None), ServiceAddresses)
    assert isinstance(address_source(api, StatusSettings(), replicas), NodeAddresses)
    assert address_source(api, StatusSettings(), None) is None
