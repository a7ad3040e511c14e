"""``status.loadBalancer.ingress`` of the Ingresses: where clients find them, written by one replica alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_server import RunningApiServer, running_api_server
from tests.support.cluster_sites import CLASS, backed_by, site, wait_for_pod
from tests.support.manifests import Manifest, ingress_class, service
from tests.support.pods import Pods
from tests.support.running_controller import (
    STATUS_ADDRESS,
    RunningController,
    controlling,
    status_addresses,
    wait_for_status,
)
from tests.support.running_proxy import eventually

NAMESPACE = "ingressd"


@pytest.fixture
def server(pods: Pods) -> Iterator[RunningApiServer]:
    with running_api_server() as found:
        for manifest in (ingress_class(CLASS), site("shop"), *backed_by(pods)):
            found.apply(manifest)
        yield found


def wait_for_addresses(server: RunningApiServer, *addresses: str, name: str = "shop") -> None:
    eventually(lambda: status_addresses(server, "default", name) == list(addresses))


def status_writes(server: RunningApiServer) -> int:
    return sum(request.subresource == "status" for request in server.requests)


def in_pod(name: str) -> dict[str, str]:
    return {"POD_NAME": name, "POD_NAMESPACE": NAMESPACE}


def pod(name: str, node: str, *, ready: bool = True, leaving: bool = False) -> Manifest:
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE, "labels": {"app": "ingressd"}}
    if leaving:
        metadata["finalizers"] = ["test/stays-for-a-while"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": node, "containers": [{"name": "ingressd", "image": "ingressd"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def node(name: str, **addresses: str) -> Manifest:
    listed = [{"type": type_, "address": address} for type_, address in addresses.items()]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": listed}}


# Where the address comes from.


def test_given_addresses(tmp_path: Path, server: RunningApiServer) -> None:
    """In sorted order, so that replicas that were given another order agree."""
    flags = [f"--publish-status-address={text}" for text in ("lb.example.test", "192.0.2.7", "2001:db8::7")]
    with controlling(tmp_path, server, to_cluster=flags):
        eventually(lambda: len(status_addresses(server, "default", "shop")) == 3)
        found = server.get("Ingress", "default", "shop") or {}
        points = found["status"]["loadBalancer"]["ingress"]
        assert {"ip": "192.0.2.7"} in points
        assert {"ip": "2001:db8::7"} in points
        assert {"hostname": "lb.example.test"} in points


def test_the_address_of_a_service_that_gets_one_late(tmp_path: Path, server: RunningApiServer) -> None:
    front = service("front", namespace=NAMESPACE, type="LoadBalancer")
    server.apply(front)
    with controlling(tmp_path, server, to_cluster=("--publish-service", f"{NAMESPACE}/front")) as running:
        running.errors.wait_for(f"Service {NAMESPACE}/front of --publish-service has no address yet")
        assert status_addresses(server, "default", "shop") == []
        server.apply({**front, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.8"}]}}})
        wait_for_addresses(server, "192.0.2.8")
        running.errors.wait_for("The address for the status of Ingresses is known now")


def test_the_service_is_named_when_it_does_not_exist(tmp_path: Path, server: RunningApiServer) -> None:
    with controlling(tmp_path, server, to_cluster=("--publish-service", f"{NAMESPACE}/front")) as running:
        running.errors.wait_for(f"Service {NAMESPACE}/front of --publish-service does not exist")
        server.apply(service("front", namespace=NAMESPACE, clusterIP="10.96.0.20"))
        wait_for_addresses(server, "10.96.0.20")


def test_the_nodes_of_ready_pods(tmp_path: Path, server: RunningApiServer) -> None:
    for manifest in (
        pod("ingressd-a", "one"),
        pod("ingressd-b", "two"),
        pod("ingressd-c", "three", ready=False),
        node("one", InternalIP="10.0.0.1", ExternalIP="192.0.2.11"),
        node("two", InternalIP="10.0.0.2"),
        node("three", InternalIP="10.0.0.3"),
    ):
        server.apply(manifest)
    with controlling(tmp_path, server, to_cluster=(), environment=in_pod("ingressd-a")):
        wait_for_addresses(server, "10.0.0.2", "192.0.2.11")


def test_outside_a_pod_the_nodes_are_not_known(tmp_path: Path, server: RunningApiServer) -> None:
    with controlling(tmp_path, server, to_cluster=()) as running:
        running.errors.wait_for("no status is written: .*--publish-status-address or --publish-service")
        wait_for_pod(running, "shop")
    assert status_writes(server) == 0


def test_no_status_writes_none(tmp_path: Path, server: RunningApiServer) -> None:
    server.apply({**site("shop"), "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.99"}]}}})
    with controlling(tmp_path, server, to_cluster=("--no-status",)) as running:
        running.errors.wait_for("this replica leads")
        wait_for_pod(running, "shop")
    assert status_writes(server) == 0
    assert status_addresses(server, "default", "shop") == ["192.0.2.99"]


# When it is written.


def test_only_what_differs_is_written(tmp_path: Path, server: RunningApiServer) -> None:
    server.apply({**site("right"), "status": {"loadBalancer": {"ingress": [{"ip": STATUS_ADDRESS}]}}})
    with controlling(tmp_path, server) as running:
        wait_for_addresses(server, STATUS_ADDRESS)
        before = status_writes(server)
        assert before == 1
        server.apply(site("later"))
        wait_for_addresses(server, STATUS_ADDRESS, name="later")
        wait_for_pod(running, "later")
    assert status_writes(server) == before + 1


def test_what_somebody_else_wrote_is_put_right(tmp_path: Path, server: RunningApiServer) -> None:
    with controlling(tmp_path, server):
        wait_for_addresses(server, STATUS_ADDRESS)
        server.apply({**site("shop"), "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.99"}]}}})
        wait_for_addresses(server, STATUS_ADDRESS)


def test_a_write_that_fails_is_repeated(tmp_path: Path, server: RunningApiServer) -> None:
    server.faults.fail(500, resource="ingresses/status", times=2)
    with controlling(tmp_path, server) as running:
        wait_for_addresses(server, STATUS_ADDRESS)
        running.errors.wait_for("The status of Ingress default/shop was not written")
        running.errors.wait_for("Statuses are written again")
        metrics = running.admin("/metrics").text
    assert 'ingressd_api_writes_total{outcome="failed",what="status"} 2.0' in metrics
    assert 'ingressd_api_writes_total{outcome="written",what="status"} 1.0' in metrics


def test_without_permission_traffic_goes_on(tmp_path: Path, server: RunningApiServer) -> None:
    server.faults.fail(403, resource="ingresses/status", times=None)
    with controlling(tmp_path, server) as running:
        running.errors.wait_for(r"resources \[ingresses/status\], verbs \[patch\]")
        wait_for_pod(running, "shop")


# Who writes it.


def leads(running: RunningController) -> bool:
    return "ingressd_leader 1.0" in running.admin("/metrics").text


def lease(server: RunningApiServer) -> dict[str, Any]:
    return server.get("Lease", "default", "ingressd-leader") or {}


def test_one_of_two_replicas_writes_and_hands_over_when_it_ends(tmp_path: Path, server: RunningApiServer) -> None:
    with controlling(tmp_path, server) as first:
        eventually(lambda: leads(first))
        wait_for_addresses(server, STATUS_ADDRESS)
        with controlling(tmp_path, server, to_cluster=("--publish-status-address", "192.0.2.2")) as second:
            wait_for_pod(second, "shop")
            assert not leads(second)
            assert status_addresses(server, "default", "shop") == [STATUS_ADDRESS]
            holder = lease(server)["spec"]["holderIdentity"]
            assert first.terminate() == 0
            # The Lease says that nobody holds it, so nobody waits until it has run out.
            eventually(lambda: leads(second))
            assert lease(server)["spec"]["holderIdentity"] != holder
            wait_for_addresses(server, "192.0.2.2")
        assert lease(server)["spec"]["holderIdentity"] == ""


def test_a_leader_that_is_killed_is_followed(tmp_path: Path, server: RunningApiServer) -> None:
    with controlling(tmp_path, server) as first:
        eventually(lambda: leads(first))
        with controlling(tmp_path, server, to_cluster=("--publish-status-address", "192.0.2.2")) as second:
            first.process.send_signal(signal.SIGKILL)
            assert first.wait() == -signal.SIGKILL
            assert second.get("/", host="shop.test").pod == "web"
            left = lease(server)
            assert left["spec"]["holderIdentity"]
            # A candidate believes what the record says of its own duration, which is 15 s otherwise.
            server.apply({**left, "spec": {**left["spec"], "leaseDurationSeconds": 1}})
            eventually(lambda: leads(second))
            wait_for_addresses(server, "192.0.2.2")


# What is left when nobody serves.


def test_the_last_replica_takes_its_address_back(tmp_path: Path, server: RunningApiServer) -> None:
    server.apply(pod("ingressd-a", "one", leaving=True))
    with controlling(tmp_path, server, environment=in_pod("ingressd-a")) as running:
        wait_for_addresses(server, STATUS_ADDRESS)
        server.delete("Pod", NAMESPACE, "ingressd-a")
        assert running.terminate() == 0
    assert status_addresses(server, "default", "shop") == []


def test_the_address_stays_while_another_replica_serves(tmp_path: Path, server: RunningApiServer) -> None:
    server.apply(pod("ingressd-a", "one", leaving=True))
    server.apply(pod("ingressd-b", "one"))
    with controlling(tmp_path, server, environment=in_pod("ingressd-a")) as running:
        wait_for_addresses(server, STATUS_ADDRESS)
        server.delete("Pod", NAMESPACE, "ingressd-a")
        assert running.terminate() == 0
    assert status_addresses(server, "default", "shop") == [STATUS_ADDRESS]


def test_the_address_stays_when_a_container_restarts(tmp_path: Path, server: RunningApiServer) -> None:
    """Its pod is not being deleted, so it comes back."""
    server.apply(pod("ingressd-a", "one"))
    with controlling(tmp_path, server, environment=in_pod("ingressd-a")) as running:
        wait_for_addresses(server, STATUS_ADDRESS)
        assert running.terminate() == 0
    wait_for_status(server, "default", "shop")
