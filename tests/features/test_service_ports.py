"""Which port of a Service a backend means (Ingress API, ``ServiceBackendPort``)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.manifests import Manifest, endpoint_slice, ingress, path, rule, service
from tests.support.pods import running_pods
from tests.support.running import Finished, RunningDev, ingressd, serving

HOST = "ports.test"
WEB = service(
    "web",
    {"name": "http", "port": 80, "targetPort": "web"},
    {"name": "metrics", "port": 9100, "targetPort": 9000},
    {"name": "dns", "port": 53, "protocol": "UDP"},
)
UNNAMED = service("unnamed", {"port": 8080})
BACKENDS: tuple[tuple[str, str, int | str], ...] = (
    ("/by-name", "web", "http"),
    ("/by-number", "web", 80),
    ("/other-name", "web", "metrics"),
    ("/other-number", "web", 9100),
    ("/target-port", "web", 9000),
    ("/unnamed", "unnamed", 8080),
    ("/no-such-name", "web", "admin"),
    ("/no-such-number", "web", 8080),
    ("/udp", "web", "dns"),
)


def two_ports(http: int, metrics: int) -> Manifest:
    """A slice as the cluster makes it: the name of the Service port, and the number that the pod listens on."""
    found = endpoint_slice("web-x", "web", http, port_name="http")
    found["ports"].append({"name": "metrics", "port": metrics, "protocol": "TCP"})
    return found


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("http", "metrics", "unnamed") as pods,
        serving(
            tmp_path_factory.mktemp("ports"),
            ingress("ports", rule(HOST, *(path(text, name, port) for text, name, port in BACKENDS))),
            WEB,
            UNNAMED,
            two_ports(pods.ports["http"], pods.ports["metrics"]),
            endpoint_slice("unnamed-x", "unnamed", pods.ports["unnamed"]),
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def checked(dev: RunningDev) -> Finished:
    return ingressd(dev.folder.parent, "check", "k8s", "--json")


@pytest.mark.parametrize(
    ("asked", "pod"),
    [
        pytest.param("/by-name", "http", id="a name"),
        pytest.param("/by-number", "http", id="a number, to a target port with a name"),
        pytest.param("/other-name", "metrics", id="another name"),
        pytest.param("/other-number", "metrics", id="the number of the Service and not of the pod"),
        pytest.param("/target-port", "metrics", id="the target port, a habit of ingress-nginx"),
        pytest.param("/unnamed", "unnamed", id="a port without a name"),
        pytest.param("/no-such-name", "503 no_service_port", id="a name that the Service does not have"),
        pytest.param("/no-such-number", "503 no_service_port", id="a number that the Service does not have"),
        pytest.param("/udp", "503 no_service_port", id="a UDP port takes no HTTP"),
    ],
)
def test_the_port_leads_to(dev: RunningDev, asked: str, pod: str) -> None:
    assert dev.get(asked, host=HOST).pod == pod


def test_a_port_that_does_not_exist_is_reported_with_those_that_do(checked: Finished) -> None:
    assert checked.code == 1
    missing = [problem for problem in checked.document["problems"] if problem["code"] == "no_service_port"]
    assert [problem["path"] for problem in missing] == [
        f"spec.rules[0].http.paths[{index}].backend" for index in (6, 7, 8)
    ]
    for problem in missing:
        assert problem["severity"] == "error"
        assert "http (80), metrics (9100)" in problem["advice"]


def test_the_target_port_habit_is_accepted_and_reported(checked: Finished) -> None:
    [habit] = [problem for problem in checked.document["problems"] if problem["code"] == "target_port_used"]
    assert habit["severity"] == "warning"
    assert habit["path"] == "spec.rules[0].http.paths[4].backend"
    assert habit["advice"] == "Write 9100."
