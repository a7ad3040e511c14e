"""Which endpoints take requests (discovery/v1 ``EndpointSlice``; KEP-1672 for those that terminate)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.manifests import Manifest, endpoint, endpoint_slice, ingress, path, rule, service
from tests.support.pods import Pods, running_pods
from tests.support.running import RunningDev, ingressd, serving
from tests.support.running_proxy import eventually

REQUESTS = 20
"""An even number, and so many that no pod of a few is missed by chance."""


def slices(ports: dict[str, int]) -> dict[str, list[Manifest]]:
    """The slices of each Service, which is also the first label of its host."""
    a, b = ports["a"], ports["b"]
    return {
        "joined": [endpoint_slice("joined-1", "joined", a), endpoint_slice("joined-2", "joined", b)],
        "twice": [
            endpoint_slice("twice-1", "twice", a),
            endpoint_slice("twice-2", "twice", a),
            endpoint_slice("twice-3", "twice", b),
        ],
        "unset": [endpoint_slice("unset-1", "unset", a, endpoint())],
        "unready": [
            endpoint_slice("unready-1", "unready", a, endpoint(ready=False)),
            endpoint_slice("unready-2", "unready", b, endpoint(ready=True)),
        ],
        "draining": [
            endpoint_slice("draining-1", "draining", a, endpoint(ready=False, serving=True, terminating=True)),
            endpoint_slice("draining-2", "draining", b, endpoint(ready=True)),
        ],
        "last": [
            endpoint_slice("last-1", "last", a, endpoint(ready=False, serving=True, terminating=True)),
            endpoint_slice("last-2", "last", b, endpoint(ready=False, serving=False, terminating=True)),
        ],
        "gone": [
            endpoint_slice("gone-1", "gone", a, endpoint(ready=False, serving=False, terminating=True)),
            endpoint_slice("gone-2", "gone", b, endpoint(ready=False)),
        ],
        # With publishNotReadyAddresses the cluster sets ready for whatever it publishes.
        "published": [
            endpoint_slice("published-1", "published", a, endpoint(ready=True, serving=False, terminating=True))
        ],
        "dual": [
            endpoint_slice("dual-4", "dual", a, endpoint(uid="one")),
            endpoint_slice("dual-6", "dual", a, endpoint("::1", uid="one"), family="IPv6"),
            endpoint_slice("dual-5", "dual", b, endpoint(uid="two")),
        ],
        "foreign": [endpoint_slice("foreign-1", "foreign", a, namespace="elsewhere")],
        "empty": [],
    }


def everything(pods: Pods) -> list[Manifest]:
    found = slices(pods.ports)
    return [
        ingress("all", *(rule(f"{name}.test", path("/", name)) for name in found)),
        *(service(name, publishNotReadyAddresses=name == "published") for name in found),
        *(each for group in found.values() for each in group),
    ]


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    with running_pods("a", "b") as found:
        yield found


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, pods: Pods) -> Iterator[RunningDev]:
    with serving(tmp_path_factory.mktemp("slices"), *everything(pods)) as running:
        yield running


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        pytest.param("joined", {"a": 10, "b": 10}, id="all slices of a Service are joined"),
        pytest.param("twice", {"a": 10, "b": 10}, id="an endpoint in two slices counts once"),
        pytest.param("unset", {"a": 20}, id="a condition that is not set is not false"),
        pytest.param("unready", {"b": 20}, id="what is not ready gets nothing"),
        pytest.param("draining", {"b": 20}, id="what terminates gets nothing while another is ready"),
        pytest.param("last", {"a": 20}, id="what terminates and still serves is better than nothing"),
        pytest.param("gone", {"503 no_endpoints": 20}, id="what does not serve gets nothing"),
        pytest.param("published", {"a": 20}, id="publishNotReadyAddresses: ready says all"),
        pytest.param("dual", {"a": 10, "b": 10}, id="a pod with two families counts once"),
        pytest.param("foreign", {"503 no_endpoints": 20}, id="slices of another namespace are not ours"),
        pytest.param("empty", {"503 no_endpoints": 20}, id="no slices"),
    ],
)
def test_who_gets_the_requests(dev: RunningDev, name: str, answers: dict[str, int]) -> None:
    with dev.connect() as connection:
        counted = Counter(connection.request("GET", "/", host=f"{name}.test").pod for _ in range(REQUESTS))
    assert counted == answers


def test_only_the_first_address_of_an_endpoint_is_used(dev: RunningDev, pods: Pods) -> None:
    """ "Consumers should use only the first" (discovery/v1, ``Endpoint.addresses``)."""
    two = endpoint_slice("two-1", "two", pods.ports["a"])
    two["endpoints"][0]["addresses"] = ["127.0.0.1", "192.0.2.1"]
    dev.save("two.yaml", ingress("two", rule("two.test", path("/", "two"))), service("two"), two)
    eventually(lambda: dev.get("/", host="two.test").status == 200)
    document = ingressd(dev.folder.parent, "routes", "k8s/two.yaml", "--json").document
    assert document["routes"][0]["addresses"] == [f"127.0.0.1:{pods.ports['a']}"]


def test_a_pod_with_ipv6_alone_is_reached_by_it(dev: RunningDev) -> None:
    dev.save(
        "six/all.yaml",
        ingress("six", rule("six.test", path("/", "six"))),
        service("six"),
        endpoint_slice("six-1", "six", 8080, endpoint("fd00::1", uid="six"), family="IPv6"),
    )
    document = ingressd(dev.folder, "routes", "six", "--json").document
    assert document["routes"][0]["addresses"] == ["[fd00::1]:8080"]


def test_endpoints_that_come_and_go_are_served_without_a_reload(
    tmp_path_factory: pytest.TempPathFactory, pods: Pods
) -> None:
    site = [ingress("web", rule("web.test", path("/", "web"))), service("web")]
    first = endpoint_slice("web-1", "web", pods.ports["a"])
    second = endpoint_slice("web-2", "web", pods.ports["b"])
    with serving(tmp_path_factory.mktemp("changing"), *site, first) as running, running.connect() as connection:
        assert connection.request("GET", "/", host="web.test").pod == "a"
        running.save("all.yaml", *site, first, second)
        running.output.wait_for(r"^~ web:80 2 endpoints \(was 1\)$")
        assert {connection.request("GET", "/", host="web.test").pod for _ in range(4)} == {"a", "b"}
        running.save("all.yaml", *site, second)
        running.output.wait_for(r"^~ web:80 1 endpoint \(was 2\)$")
        assert {connection.request("GET", "/", host="web.test").pod for _ in range(4)} == {"b"}
        running.save("all.yaml", *site)
        running.output.wait_for(r"^~ web:80 0 endpoints \(was 1\): no_endpoints$")
        assert connection.request("GET", "/", host="web.test").pod == "503 no_endpoints"
