"""``load_balancing.feature``: a hundred requests to a Service with ten endpoints reach exactly ten pods."""

from __future__ import annotations

from pathlib import Path

from tests.support.conformance import CLASS, Serve
from tests.support.manifests import backend, endpoint_slice, ingress, service
from tests.support.pods import running_pods

PODS = tuple(f"echo-service-{number}" for number in range(10))


def test_every_pod_gets_requests(tmp_path: Path, serve: Serve) -> None:
    with (
        running_pods(*PODS) as pods,
        serve(
            tmp_path,
            ingress("load-balancing", default=backend("echo-service", 8080), class_name=CLASS),
            service("echo-service", {"port": 8080}),
            *(endpoint_slice(name, "echo-service", port) for name, port in pods.ports.items()),
        ) as running,
    ):
        answers = [running.get("/", host="load-balancing") for _ in range(100)]
    assert {answer.status for answer in answers} == {200}
    assert {answer.pod for answer in answers} == set(PODS)
