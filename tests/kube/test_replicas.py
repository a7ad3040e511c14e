from __future__ import annotations

from typing import Any

import pytest

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.replicas import Replica, Replicas
from tests.kube.memory_api import MemoryApi

PODS = "/api/v1/namespaces/system/pods"
LABELS = {"app": "ingressd", "pod-template-hash": "1"}


def add_pod(api: MemoryApi, name: str, node: str = "one", *, labels: dict[str, str] | None = None, **more: Any) -> None:
    metadata = {"name": name, "labels": LABELS if labels is None else labels, **more.get("metadata", {})}
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": more.get("ready", "True")}]
    status = {"phase": more.get("phase", "Running"), "conditions": conditions}
    api.put(f"{PODS}/{name}", {"metadata": metadata, "spec": {"nodeName": node}, "status": status})


def add_node(api: MemoryApi, name: str, **addresses: str) -> None:
    found = [{"type": kind, "address": address} for kind, address in addresses.items()]
    api.put(f"/api/v1/nodes/{name}", {"metadata": {"name": name}, "status": {"addresses": found}})


def replicas(api: MemoryApi, clock: list[float] | None = None) -> Replicas:
    return Replicas(api, namespace="system", pod="a", clock=(lambda: clock[-1]) if clock else lambda: 0.0)


async def test_sisters_have_the_labels_that_do_not_belong_to_a_rollout() -> None:
    api = MemoryApi()
    add_pod(api, "b", "two", labels={"app": "ingressd", "pod-template-hash": "2"}, ready="False")
    add_pod(api, "a")
    add_pod(api, "stranger", labels={"app": "other"})
    assert await replicas(api).all() == (Replica("a", "one", True, False), Replica("b", "two", False, False))


async def test_a_pod_without_labels_is_alone() -> None:
    api = MemoryApi()
    add_pod(api, "a", labels={"pod-template-hash": "1"})
    add_pod(api, "stranger", labels={})
    assert [found.name for found in await replicas(api).all()] == ["a"]


async def test_its_own_labels_are_read_once() -> None:
    api = MemoryApi()
    add_pod(api, "a")
    found = replicas(api)
    await found.all()
    await found.all()
    assert [call.path for call in api.calls] == [f"{PODS}/a", PODS, PODS]


async def test_nodes_are_those_of_ready_pods() -> None:
    api = MemoryApi()
    add_pod(api, "a", "one")
    add_pod(api, "b", "two", ready="False")
    add_pod(api, "c", "three", metadata={"deletionTimestamp": "2026-11-20T10:00:00Z"})
    add_pod(api, "d", "four")
    add_pod(api, "e", "one")
    add_node(api, "one", InternalIP="10.0.0.1", ExternalIP="192.0.2.1", Hostname="one")
    add_node(api, "four", Hostname="four", InternalIP="10.0.0.4")
    assert await replicas(api).node_addresses() == ("10.0.0.4", "192.0.2.1")


async def test_a_node_is_asked_again_after_a_while() -> None:
    api, clock = MemoryApi(), [0.0]
    add_pod(api, "a")
    add_node(api, "one", InternalIP="10.0.0.1")
    found = replicas(api, clock)
    assert await found.node_addresses() == ("10.0.0.1",)
    add_node(api, "one", InternalIP="10.0.0.2")
    assert await found.node_addresses() == ("10.0.0.1",)
    clock.append(301.0)
    assert await found.node_addresses() == ("10.0.0.2",)


@pytest.mark.parametrize(
    ("own", "sister", "last"),
    [
        ({"metadata": {"deletionTimestamp": "2026-11-20T10:00:00Z"}}, None, True),
        ({"phase": "Failed"}, None, True),
        ({}, None, False),
        ({"phase": "Failed"}, {"metadata": {"deletionTimestamp": "2026-11-20T10:00:00Z"}}, True),
        ({"phase": "Failed"}, {"phase": "Succeeded"}, True),
        ({"phase": "Failed"}, {"phase": "Pending", "ready": "False"}, False),
        ({"phase": "Failed"}, {}, False),
    ],
)
async def test_the_last_leaves_when_all_others_are_gone_or_going(
    own: dict[str, Any], sister: dict[str, Any] | None, last: bool
) -> None:
    api = MemoryApi()
    add_pod(api, "a", **own)
    if sister is not None:
        add_pod(api, "b", **sister)
    assert await replicas(api).last_leaves() is last


async def test_who_is_left_is_unknown_without_an_answer() -> None:
    api = MemoryApi()
    with pytest.raises(ApiError) as caught:
        await replicas(api).last_leaves()
    assert caught.value.fault is ApiFault.NOT_FOUND


async def test_an_answer_that_is_no_pod_is_an_error_of_the_server() -> None:
    api = MemoryApi()
    api.put(f"{PODS}/a", {"spec": []})
    with pytest.raises(ApiError) as caught:
        await replicas(api).all()
    assert caught.value.fault is ApiFault.MALFORMED
