"""Services without a cluster address, and Services whose EndpointSlices are written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.manifests import endpoint_slice, ingress, path, rule, save, service
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, problem_codes, serving

SERVICES: dict[str, dict[str, Any]] = {
    "headless": {"clusterIP": "None", "selector": {"app": "headless"}},
    "selectorless": {},
    "headless-selectorless": {"clusterIP": "None"},
    "node-port": {"type": "NodePort", "selector": {"app": "node-port"}},
    "load-balancer": {"type": "LoadBalancer", "clusterIP": "10.0.0.7", "selector": {"app": "load-balancer"}},
}


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods(*SERVICES) as pods,
        serving(
            tmp_path_factory.mktemp("headless"),
            ingress("all", *(rule(f"{name}.test", path("/", name)) for name in SERVICES)),
            *(service(name, {"port": 80, "targetPort": 8080}, **spec) for name, spec in SERVICES.items()),
            *(endpoint_slice(f"{name}-x", name, pods.ports[name]) for name in SERVICES),
        ) as running,
    ):
        yield running


@pytest.mark.parametrize("name", SERVICES)
def test_the_endpoints_get_the_requests(dev: RunningDev, name: str) -> None:
    assert dev.get("/", host=f"{name}.test").pod == name


def test_none_of_them_is_a_problem(dev: RunningDev) -> None:
    finished = ingressd(dev.folder.parent, "check", "k8s", "--json")
    assert problem_codes(finished) == {"loopback_address": len(SERVICES)}
    assert finished.code == 0


def test_a_headless_service_without_ports_has_none_to_name(tmp_path: Path) -> None:
    save(
        tmp_path / "all.yaml",
        ingress("web", rule("web.test", path("/", "web"))),
        {**service("web"), "spec": {"clusterIP": "None", "selector": {"app": "web"}}},
    )
    finished = ingressd(tmp_path, "check", "all.yaml", "--json")
    assert problem_codes(finished) == {"no_service_port": 1}
    assert finished.document["problems"][0]["advice"] == "Give it a port."
