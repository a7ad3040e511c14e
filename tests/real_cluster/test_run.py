"""What a user of a cluster sees of a running controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ingressd.kube.api import MERGE_PATCH
from ingressd.kube.permissions import PERMISSIONS, needed_rule
from ingressd.kube.resource import INGRESSES
from manifests.renderings import NAMESPACE
from tests.support.manifests import Manifest, backend, endpoint, endpoint_slice, ingress, path, rule, service
from tests.support.pods import running_pods
from tests.support.real_api_server import RealApiServer
from tests.support.rendered_manifests import of_kind, rendered_objects
from tests.support.running_controller import STATUS_ADDRESS, TO_CLUSTER, running_ingressd
from tests.support.running_proxy import RunningProxy, eventually

CLASS = "ingressd"


def web(name: str, host: str, to: str = "web") -> Manifest:
    return ingress(name, rule(host, path("/", to)), class_name=CLASS)


def published(cluster: RealApiServer, name: str) -> Any:
    return cluster.get("Ingress", "default", name)["status"]["loadBalancer"].get("ingress")


def status_of(proxy: RunningProxy, host: str) -> int:
    return proxy.get("/", host=host).status


def test_traffic_status_and_lease(cluster: RealApiServer, arguments: tuple[str, ...], tmp_path: Path) -> None:
    with running_pods("web") as pods:
        # An EndpointSlice of a real server has no loopback address, a name may stand for one.
        cluster.apply(service("web", {"port": pods.ports["web"]}, type="ExternalName", externalName="localhost"))
        to_web = backend("web", pods.ports["web"])
        entry = {"path": "/", "pathType": "Prefix", "backend": to_web}
        cluster.apply(ingress("a", {"host": "a.test", "http": {"paths": [entry]}}, class_name=CLASS))
        with running_ingressd(tmp_path, *arguments, *TO_CLUSTER, "--allow-external-names") as controller:
            controller.wait_until_ready()
            assert controller.get("/", host="a.test").pod == "web"
            eventually(lambda: published(cluster, "a") == [{"ip": STATUS_ADDRESS}])
            lease = cluster.get("Lease", NAMESPACE, "ingressd-leader")
            assert lease["spec"]["holderIdentity"]

            cluster.apply(ingress("b", {"host": "b.test", "http": {"paths": [entry]}}, class_name=CLASS))
            eventually(lambda: status_of(controller, "b.test") == 200)
            eventually(lambda: published(cluster, "b") == [{"ip": STATUS_ADDRESS}])
            cluster.delete("Ingress", "default", "b")
            eventually(lambda: status_of(controller, "b.test") == 404)

            with cluster.outage():
                assert controller.get("/", host="a.test").pod == "web"
            cluster.apply(ingress("c", {"host": "c.test", "http": {"paths": [entry]}}, class_name=CLASS))
            eventually(lambda: status_of(controller, "c.test") == 200)
            eventually(lambda: published(cluster, "c") == [{"ip": STATUS_ADDRESS}])
        assert cluster.get("Lease", NAMESPACE, "ingressd-leader")["spec"]["holderIdentity"] == ""


def test_endpoint_slices_are_followed(cluster: RealApiServer, arguments: tuple[str, ...], tmp_path: Path) -> None:
    cluster.apply(service("sliced"))
    cluster.apply(web("sliced", "sliced.test", "sliced"))
    with running_ingressd(tmp_path, *arguments, "--no-status") as controller:
        controller.wait_until_ready()
        assert status_of(controller, "sliced.test") == 503

        def endpoints() -> str:
            return controller.admin("/api/explain?url=http://sliced.test/").text

        assert "192.0.2.77" not in endpoints()
        cluster.apply(endpoint_slice("sliced-1", "sliced", 8080, endpoint("192.0.2.77")))
        eventually(lambda: "192.0.2.77" in endpoints())
        # Go writes an empty list as null.
        cluster.apply({**endpoint_slice("sliced-1", "sliced", 8080), "endpoints": []})
        eventually(lambda: "192.0.2.77" not in endpoints())


def test_problem_is_an_event(cluster: RealApiServer, arguments: tuple[str, ...], tmp_path: Path) -> None:
    cluster.apply(web("wrong", "wrong.test", "missing"))
    with running_ingressd(tmp_path, *arguments, *TO_CLUSTER) as controller:
        controller.wait_until_ready()

        def event() -> Any:
            found = [event for event in cluster.objects("Event") if event["involvedObject"].get("name") == "wrong"]
            return found[0] if found else None

        found = eventually(event)
    assert found["type"] == "Warning"
    assert found["involvedObject"]["uid"] == cluster.get("Ingress", "default", "wrong")["metadata"]["uid"]
    assert "missing" in found["message"]


def test_missing_right_is_named_and_waited_for(
    cluster: RealApiServer, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (binding,) = of_kind(rendered_objects("cluster-ip"), "ClusterRoleBinding")
    place = cluster.path("ClusterRoleBinding", "", binding["metadata"]["name"], api_version=binding["apiVersion"])
    cluster.request("DELETE", place).check()
    try:
        with running_ingressd(tmp_path, *arguments, "--no-status") as controller:
            said = eventually(lambda: _waiting_for(controller, "ingresses.networking.k8s.io: "))
            assert 'User "system:serviceaccount:ingressd-system:ingressd" cannot list resource "ingresses"' in said
            (rule_of_ingresses,) = (found for found in PERMISSIONS if found.rule_resource == "ingresses")
            assert needed_rule(rule_of_ingresses) in said
            cluster.apply(binding)
            controller.wait_until_ready()
    finally:
        cluster.apply(binding)


def _waiting_for(controller: RunningProxy, kind: str) -> str:
    """Return why a kind is waited for; nothing before that is known."""
    answer = controller.admin("/readyz")
    assert answer.status == 503
    sentences = (said for said in msgspec.json.decode(answer.body)["waiting_for"] if said.startswith(kind))
    return next((said for said in sentences if "forbidden" in said), "")


def test_status_that_another_writes_is_corrected(
    cluster: RealApiServer, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    cluster.apply(web("busy", "busy.test"))
    place = f"{INGRESSES.path('default', 'busy')}/status"
    with running_ingressd(tmp_path, *arguments, *TO_CLUSTER) as controller:
        controller.wait_until_ready()
        eventually(lambda: published(cluster, "busy") == [{"ip": STATUS_ADDRESS}])
        other = {"status": {"loadBalancer": {"ingress": [{"hostname": "other.example"}]}}}
        cluster.request("PATCH", place, other, content_type=MERGE_PATCH).check()
        eventually(lambda: published(cluster, "busy") == [{"ip": STATUS_ADDRESS}])
