"""What is wrong with an Ingress is said where its author looks: as an Event on it, once, by the leader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.api_server import RunningApiServer
from tests.support.cluster_sites import CLASS, backed_by, site
from tests.support.manifests import ingress, ingress_class, path, rule
from tests.support.pods import running_pods
from tests.support.running_controller import RunningController, controlling, serving_cluster
from tests.support.running_proxy import eventually

NO_SERVICE = site("lost", "missing")
EARLIER = ingress("earlier", rule("shared.test", path("/", "web")), class_name=CLASS, created="2025-01-01T00:00:00Z")
LATER = ingress("later", rule("shared.test", path("/", "web")), class_name=CLASS, created="2025-02-01T00:00:00Z")
FOREIGN = site("foreign", "missing", class_name="nginx")

Cluster = tuple[RunningController, RunningApiServer]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    manifests = (
        ingress_class(CLASS),
        ingress_class("nginx", controller="k8s.io/ingress-nginx"),
        NO_SERVICE,
        EARLIER,
        LATER,
        FOREIGN,
    )
    with (
        running_pods("web") as pods,
        serving_cluster(tmp_path_factory.mktemp("events"), *manifests, *backed_by(pods)) as found,
    ):
        yield found


def events_on(server: RunningApiServer, name: str) -> list[dict[str, Any]]:
    return [event for event in server.objects("Event") if event["involvedObject"]["name"] == name]


def event_on(server: RunningApiServer, name: str, reason: str) -> dict[str, Any]:
    """Wait for the one Event of this reason."""
    found = eventually(lambda: [event for event in events_on(server, name) if event["reason"] == reason])
    assert len(found) == 1
    return found[0]


def test_a_problem_is_an_event_on_its_ingress(cluster: Cluster) -> None:
    _, server = cluster
    event = event_on(server, "lost", "NoService")
    ingress_there = server.get("Ingress", "default", "lost") or {}
    assert event["type"] == "Warning"
    assert event["involvedObject"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "namespace": "default",
        "name": "lost",
        "uid": ingress_there["metadata"]["uid"],
        "fieldPath": "spec.rules[0].http.paths[0].backend",
    }
    assert "There is no Service missing in namespace default" in event["message"]
    assert event["source"]["component"] == "ingressd"
    assert event["count"] == 1


def test_the_loser_of_a_conflict_is_told_who_won(cluster: Cluster) -> None:
    _, server = cluster
    found = eventually(lambda: events_on(server, "later"))
    assert len(found) == 1
    assert "default/earlier" in found[0]["message"]
    assert events_on(server, "earlier") == []


def test_the_same_is_among_the_problems_and_in_the_metrics(cluster: Cluster) -> None:
    running, server = cluster
    event = event_on(server, "lost", "NoService")
    message = event["message"].partition(":")[0]
    problems = msgspec.json.decode(running.admin("/api/problems").body)["problems"]
    assert message in {problem["message"].partition(":")[0] for problem in problems}
    metrics = running.admin("/metrics").text
    errors = sum(problem["severity"] == "error" for problem in problems)
    assert f'ingressd_problems{{severity="error"}} {float(errors)}' in metrics
    assert 'ingressd_api_writes_total{outcome="written",what="event"}' in metrics


def test_an_ingress_of_another_controller_gets_none(cluster: Cluster) -> None:
    _, server = cluster
    event_on(server, "lost", "NoService")
    assert events_on(server, "foreign") == []


def test_a_problem_that_comes_back_raises_the_count(cluster: Cluster) -> None:
    running, server = cluster
    server.apply(site("again", "missing-for-now"))
    event = event_on(server, "again", "NoService")
    server.apply(site("again", "web"))
    eventually(lambda: "missing-for-now" not in running.admin("/api/problems").text)
    # Events are written a moment after things have settled; what went and came within it is one problem.
    eventually(lambda: reported_marker(server))
    server.apply(site("again", "missing-for-now"))
    eventually(lambda: (server.get("Event", "default", event["metadata"]["name"]) or {})["count"] == 2)
    assert len(events_on(server, "again")) == 1


def reported_marker(server: RunningApiServer) -> bool:
    """Whether a problem made now has been reported: then all that was settled before has been looked at, too."""
    if server.get("Ingress", "default", "marker") is None:
        server.apply(site("marker", "missing-as-well"))
    return bool(events_on(server, "marker"))


def test_another_replica_that_does_not_lead_writes_none(cluster: Cluster, tmp_path: Path) -> None:
    _, server = cluster
    event_on(server, "lost", "NoService")
    with controlling(tmp_path, server) as second:
        server.apply(site("while-two", "missing"))
        event = event_on(server, "while-two", "NoService")
        assert "missing in namespace default" in second.admin("/api/problems").text
        assert 'ingressd_api_writes_total{outcome="written",what="event"} 0.0' in second.admin("/metrics").text
    assert event["count"] == 1
