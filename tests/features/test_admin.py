"""The admin port: health, metrics, and what the program knows, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, serving
from tests.support.running_proxy import eventually
from tests.support.web_client import Answer


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("web") as pods,
        serving(
            tmp_path_factory.mktemp("admin"),
            ingress("web", rule("web.test", path("/", "web"), path("/missing", "missing")), namespace="shop"),
            arguments=pods.maps(),
        ) as running,
    ):
        yield running


def document(answer: Answer) -> Any:
    assert answer.values("Content-Type") == ["application/json"]
    return msgspec.json.decode(answer.body)


def metrics(dev: RunningDev) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and its labels."""
    answer = dev.admin("/metrics")
    assert answer.values("Content-Type")[0].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def requests(**labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    everything = {"namespace": "", "ingress": "", "service": "", "method": "GET", "status_class": "", "reason": ""}
    return ("ingressd_requests_total", frozenset({**everything, **labels}.items()))


def test_health(dev: RunningDev) -> None:
    assert document(dev.admin("/healthz")) == {"alive": True}
    assert document(dev.admin("/readyz")) == {"ready": True}


def test_requests_are_counted(dev: RunningDev) -> None:
    served = requests(namespace="shop", ingress="web", service="web", method="POST", status_class="2xx")
    missing = requests(namespace="shop", ingress="web", service="missing", status_class="5xx", reason="no_service")
    unknown = requests(status_class="4xx", reason="no_host")
    before = metrics(dev)
    for _ in range(3):
        dev.request("POST", "/", host="web.test", body=b"12345")
    for _ in range(2):
        dev.get("/missing", host="web.test")
    dev.get("/", host="other.test")
    # A request is counted when its last byte has gone, which a client may see a moment earlier.
    eventually(lambda: metrics(dev).get(unknown, 0) == before.get(unknown, 0) + 1)
    after = metrics(dev)
    assert {key: after[key] - before.get(key, 0) for key in (served, missing, unknown)} == {
        served: 3,
        missing: 2,
        unknown: 1,
    }
    route = frozenset({"namespace": "shop", "ingress": "web", "service": "web"}.items())
    assert after["ingressd_request_body_bytes_total", route] >= 15
    assert after["ingressd_request_duration_seconds_count", route] >= 3


def test_what_there_is_is_counted(dev: RunningDev) -> None:
    found = metrics(dev)
    nothing: frozenset[tuple[str, str]] = frozenset()
    assert found["ingressd_hosts", nothing] == 1
    assert found["ingressd_routes", nothing] == 2
    assert found["ingressd_upstreams", nothing] == 2
    assert found["ingressd_problems", frozenset({("severity", "error")})] == 1


def test_the_routes(dev: RunningDev) -> None:
    found = document(dev.admin("/api/routes"))
    assert [(route["host"], route["path"], route["kind"], route["service"]) for route in found["routes"]] == [
        ("web.test", "/", "prefix", "web"),
        ("web.test", "/missing", "prefix", "missing"),
    ]
    assert [route["unavailable"] for route in found["routes"]] == ["", "no_service"]


def test_the_problems(dev: RunningDev) -> None:
    found = document(dev.admin("/api/problems"))
    assert (found["errors"], found["warnings"]) == (1, 0)
    [problem] = found["problems"]
    assert (problem["code"], problem["namespace"], problem["name"]) == ("no_service", "shop", "web")
    assert problem["file"] == "k8s/all.yaml"
    assert problem["line"] > 1


def test_an_explanation(dev: RunningDev) -> None:
    found = document(dev.admin("/api/explain?method=GET&url=http://web.test/cart"))
    assert found["answer"]["forwarded"] is True
    assert (found["winner"]["namespace"], found["winner"]["ingress"]) == ("shop", "web")
    assert found["winner"]["location"]["file"] == "k8s/all.yaml"


@pytest.mark.parametrize(("asked", "code"), [("/api/explain", "no_url"), ("/api/explain?url=http://a%20b/", "bad_url")])
def test_an_explanation_of_no_url(dev: RunningDev, asked: str, code: str) -> None:
    answer = dev.admin(asked)
    assert answer.status == 400
    assert document(answer)["error"]["code"] == code


def test_they_follow_a_save(dev: RunningDev) -> None:
    dev.save("more.yaml", ingress("more", rule("more.test", path("/", "web"))))
    dev.output.wait_for(r"^\+ more\.test/ → web:80$")
    assert "more.test" in {route["host"] for route in document(dev.admin("/api/routes"))["routes"]}
    (dev.folder / "more.yaml").unlink()
    dev.output.wait_for(r"^- more\.test/")


def test_the_first_page_leads_to_the_others(dev: RunningDev) -> None:
    page = dev.admin("/")
    assert page.values("Content-Type") == ["text/html; charset=utf-8"]
    for link in ("/healthz", "/readyz", "/metrics", "/api/routes", "/api/problems"):
        assert f'href="{link}"' in page.text
        assert dev.admin(link).status == 200


def test_what_is_not_there(dev: RunningDev) -> None:
    answer = dev.admin("/nothing")
    assert answer.status == 404
    assert document(answer)["error"]["code"] == "not_found"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_read_only(dev: RunningDev, method: str) -> None:
    answer = dev.admin("/api/routes", method=method)
    assert answer.status == 405
    assert answer.values("Allow") == ["GET, HEAD"]


def test_a_page_of_another_site_cannot_read_it(dev: RunningDev) -> None:
    """DNS rebinding: the name in Host is all that tells such a page from the user."""
    answer = dev.admin("/api/routes", host="evil.test")
    assert answer.status == 403
    assert document(answer)["error"]["code"] == "foreign_host"


def test_it_is_not_on_the_ports_of_the_sites(dev: RunningDev) -> None:
    assert dev.get("/api/routes", host="web.test").pod == "web"
