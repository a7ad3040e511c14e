"""What `kubectl apply` would send is what Kubernetes documents, and its parts fit each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from ingressd.resources.decode import decode
from ingressd.translate.classes import CONTROLLER_NAME
from manifests.renderings import DIGESTS, EVERY_VALUE, NAMESPACE, digests
from tests.support.kubernetes_schema import schema_faults
from tests.support.manifests import Manifest
from tests.support.rendered_manifests import NAMES, of_kind, pods_of, rendered_objects

KINDS = {
    "cluster-ip": "ClusterRole ClusterRoleBinding Deployment HorizontalPodAutoscaler IngressClass Namespace "
    "NetworkPolicy PodDisruptionBudget Role RoleBinding Service Service ServiceAccount",
    "host-network": "ClusterRole ClusterRoleBinding DaemonSet IngressClass Namespace Role RoleBinding ServiceAccount",
}
CLUSTER_SCOPED = ("ClusterRole", "ClusterRoleBinding", "IngressClass", "Namespace")

every_rendering = pytest.mark.parametrize("name", NAMES)
with_a_service = pytest.mark.parametrize("name", sorted({*NAMES} - {"host-network"}))


def test_nothing_changed_since_it_was_rendered() -> None:
    assert DIGESTS.read_text(encoding="utf-8") == digests(), "run `make manifests`"


@every_rendering
def test_every_field_is_one_that_the_api_documents(name: str) -> None:
    assert [(found["kind"], schema_faults(found)) for found in rendered_objects(name) if schema_faults(found)] == []


@every_rendering
def test_our_own_decoder_finds_nothing_wrong(name: str) -> None:
    objects = rendered_objects(name)
    decoded = [decode(found) for found in objects]
    assert [problem for found in decoded for problem in found.problems] == []
    used = {found.object.metadata.name for each in decoded for found in each.manifests if found.object is not None}
    assert used == {found["metadata"]["name"] for found in of_kind(objects, "Namespace", "IngressClass", "Service")}


@pytest.mark.parametrize("name", KINDS)
def test_all_that_belongs_to_an_installation_is_there(name: str) -> None:
    assert sorted(found["kind"] for found in rendered_objects(name)) == KINDS[name].split()


@every_rendering
def test_every_object_has_a_place_of_its_own_and_says_what_it_belongs_to(name: str) -> None:
    objects = rendered_objects(name)
    watched = EVERY_VALUE["watchNamespaces"] if name == "chart-every-value" else []
    places: Counter[tuple[str, ...]] = Counter()
    for found in objects:
        metadata = found["metadata"]
        places[(found["kind"], metadata.get("namespace", ""), metadata["name"])] += 1
        if found["kind"] in CLUSTER_SCOPED:
            assert "namespace" not in metadata
        else:
            assert metadata["namespace"] in (NAMESPACE, *watched)
        assert metadata["labels"].items() >= pods_of(objects).owner["spec"]["selector"]["matchLabels"].items()
    assert max(places.values()) == 1


@every_rendering
def test_every_selector_selects_the_pods(name: str) -> None:
    objects = rendered_objects(name)
    pods = pods_of(objects)
    selectors = [found["spec"]["selector"] for found in of_kind(objects, "Service")]
    selectors += [_match_labels(found) for found in of_kind(objects, "PodDisruptionBudget", "PodMonitor", "Deployment")]
    selectors += [found["spec"]["podSelector"]["matchLabels"] for found in of_kind(objects, "NetworkPolicy")]
    selectors += [found["labelSelector"]["matchLabels"] for found in pods.spec.get("topologySpreadConstraints", [])]
    for selector in selectors:
        assert selector
        assert pods.labels.items() >= selector.items()


@every_rendering
def test_every_port_that_is_named_is_one_of_the_pods(name: str) -> None:
    objects = rendered_objects(name)
    pods = pods_of(objects)
    named = {pods.container[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    for service in of_kind(objects, "Service"):
        named.update(port["targetPort"] for port in service["spec"]["ports"])
    for policy in of_kind(objects, "NetworkPolicy"):
        named.update(port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"])
    for monitor in of_kind(objects, "PodMonitor"):
        named.update(endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"])
    assert named <= pods.ports.keys()


def test_the_service_monitor_selects_the_metrics_service_alone() -> None:
    objects = rendered_objects("prometheus-operator")
    (monitor,) = of_kind(objects, "ServiceMonitor")
    selected = [found for found in of_kind(objects, "Service") if _has_labels(found, _match_labels(monitor))]
    assert [found["metadata"]["name"] for found in selected] == ["ingressd-metrics"]
    (port,) = selected[0]["spec"]["ports"]
    assert port["name"] == monitor["spec"]["endpoints"][0]["port"]


@with_a_service
def test_the_admin_port_is_not_on_the_service_that_is_published(name: str) -> None:
    objects = rendered_objects(name)
    published = [found for found in of_kind(objects, "Service") if found["spec"].get("clusterIP") != "None"]
    assert [[port["targetPort"] for port in found["spec"]["ports"]] for found in published] == [["http", "https"]]


@with_a_service
def test_only_named_namespaces_reach_the_admin_port(name: str) -> None:
    (policy,) = of_kind(rendered_objects(name), "NetworkPolicy")
    rules = {tuple(port["port"] for port in rule["ports"]): rule.get("from") for rule in policy["spec"]["ingress"]}
    everyone, few = rules[("http", "https")], rules[("metrics",)]
    assert everyone is None
    assert few
    assert all(peer["namespaceSelector"]["matchLabels"] for peer in few)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"chart-every-value"}))
def test_the_class_is_that_of_the_program(name: str) -> None:
    (found,) = of_kind(rendered_objects(name), "IngressClass")
    assert found["spec"] == {"controller": CONTROLLER_NAME}


@every_rendering
def test_what_scales_and_what_is_scaled_do_not_fight(name: str) -> None:
    objects = rendered_objects(name)
    owner = pods_of(objects).owner
    scalers = of_kind(objects, "HorizontalPodAutoscaler")
    for scaler in scalers:
        target = scaler["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == (owner["kind"], owner["metadata"]["name"])
        assert scaler["spec"]["minReplicas"] >= 2
    assert ("replicas" in owner["spec"]) == (owner["kind"] == "Deployment" and not scalers)


def _match_labels(found: Manifest) -> Mapping[str, Any]:
    labels: Mapping[str, Any] = found["spec"]["selector"]["matchLabels"]
    return labels


def _has_labels(found: Manifest, labels: Mapping[str, Any]) -> bool:
    return bool(found["metadata"]["labels"].items() >= labels.items())
