"""Backends that are not Services: reported, answered with 503, and no harm to the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, problem_codes, serving

BUCKET = {"resource": {"apiGroup": "k8s.example.com", "kind": "StorageBucket", "name": "static"}}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("web") as pods,
        serving(
            tmp_path_factory.mktemp("resource"),
            ingress(
                "mixed",
                rule(
                    "mixed.test",
                    path("/", "web"),
                    {"path": "/icons", "pathType": "ImplementationSpecific", "backend": BUCKET},
                ),
            ),
            ingress("only", default=BUCKET),
            arguments=pods.maps(),
        ) as running,
    ):
        yield running


def test_its_requests_are_answered_with_503(dev: RunningDev) -> None:
    answer = dev.get("/icons/cart.svg", host="mixed.test")
    assert answer.pod == "503 resource_backend"
    assert "Give the path a backend with a Service" in answer.text


def test_as_default_backend_too(dev: RunningDev) -> None:
    assert dev.get("/", host="unknown.test").pod == "503 resource_backend"


def test_the_paths_beside_it_are_served(dev: RunningDev) -> None:
    assert dev.get("/cart", host="mixed.test").pod == "web"


def test_check_names_the_resource_and_the_field(dev: RunningDev) -> None:
    finished = ingressd(dev.folder.parent, "check", "k8s", "--json", "--map", "web=1")
    assert finished.code == 1
    assert problem_codes(finished) == {"resource_backend": 2}
    assert {problem["path"] for problem in finished.document["problems"]} == {
        "spec.rules[0].http.paths[1].backend.resource",
        "spec.defaultBackend.resource",
    }
    assert all("StorageBucket" in problem["message"] for problem in finished.document["problems"])
