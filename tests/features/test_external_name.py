"""Services of type ExternalName: on a developer's machine they lead to any name, this machine's own too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.manifests import Manifest, ingress, path, rule, service
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, serving


def external(name: str, target: str, *ports: Manifest) -> Manifest:
    found = service(name, type="ExternalName", externalName=target)
    if ports:
        found["spec"]["ports"] = list(ports)
    else:
        del found["spec"]["ports"]
    return found


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with running_pods("outside", "mapped") as pods:
        port = pods.ports["outside"]
        with serving(
            tmp_path_factory.mktemp("external"),
            ingress(
                "all",
                rule("target.test", path("/", "target", "http")),
                rule("number.test", path("/", "number", port)),
                rule("bare.test", path("/", "bare", port)),
                rule("address.test", path("/", "address", port)),
                rule("odd.test", path("/", "odd", 80)),
                rule("named.test", path("/", "bare", "http")),
                rule("mapped.test", path("/", "mapped", 80)),
            ),
            external("target", "localhost", {"name": "http", "port": 80, "targetPort": port}),
            external("number", "LOCALHOST.", {"port": port}),
            external("bare", "localhost"),
            external("address", "127.0.0.1"),
            external("odd", "127.1"),
            external("mapped", "other.invalid", {"port": 80}),
            arguments=["--map", f"mapped={pods.ports['mapped']}"],
        ) as running:
            yield running


@pytest.mark.parametrize(
    ("host", "pod"),
    [
        pytest.param("target.test", "outside", id="the target port of the Service port"),
        pytest.param("bare.test", "outside", id="without ports in the Service: the number in the Ingress"),
        pytest.param("address.test", "outside", id="an address instead of a name"),
        pytest.param("odd.test", "503 external_name_refused", id="what only a resolver takes for an address"),
        pytest.param("named.test", "503 no_service_port", id="a name of a port that is nowhere"),
        pytest.param("mapped.test", "mapped", id="--map replaces it"),
    ],
)
def test_where_it_leads(dev: RunningDev, host: str, pod: str) -> None:
    assert dev.get("/", host=host).pod == pod


def test_the_client_s_host_goes_along(dev: RunningDev) -> None:
    assert dev.get("/", host="target.test").seen.values("Host") == ["target.test"]


def test_a_refused_name_is_reported_at_the_backend(dev: RunningDev) -> None:
    finished = ingressd(dev.folder.parent, "check", "k8s", "--json", "--map", "mapped=1")
    [refused] = [problem for problem in finished.document["problems"] if problem["code"] == "external_name_refused"]
    assert (refused["kind"], refused["name"]) == ("Ingress", "all")
    assert refused["path"] == "spec.rules[4].http.paths[0].backend"
    assert '"127.1"' in refused["message"]


def test_the_page_says_what_to_do(dev: RunningDev) -> None:
    answer = dev.get("/", host="odd.test", fields={"Accept": "text/html"})
    assert "--map default/odd=PORT" in answer.text
