"""One line for each request, while ``dev`` runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import Pods, running_pods
from tests.support.running import RunningDev, serving
from tests.support.web_client import exchange_bytes

TOOK = r"[0-9.]+ ms$"


@pytest.fixture(scope="module")
def pods() -> Iterator[Pods]:
    with running_pods("web") as found:
        yield found


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory, pods: Pods) -> Iterator[RunningDev]:
    with serving(
        tmp_path_factory.mktemp("lines"),
        ingress("web", rule("web.test", path("/", "web"), path("/missing", "missing")), namespace="shop"),
        arguments=pods.maps(),
    ) as running:
        yield running


def test_a_forwarded_request_names_rule_service_and_endpoint(dev: RunningDev, pods: Pods) -> None:
    dev.get("/cart?id=1", host="web.test:8080")
    endpoint = rf"127\.0\.0\.1:{pods.ports['web']}"
    dev.output.wait_for(rf"^GET     http://web\.test:8080/cart\?id=1 200 shop/web#0/0 → web:80 at {endpoint} {TOOK}")


def test_each_method_stands_in_its_place(dev: RunningDev) -> None:
    for method in ("POST", "DELETE", "OPTIONS", "PROPFIND"):
        dev.request(method, f"/as-{method.lower()}", host="web.test")
        dev.output.wait_for(rf"^{method:<7} http://web\.test/as-{method.lower()} 200 ")


def test_an_answer_of_ingressd_names_its_reason(dev: RunningDev) -> None:
    dev.get("/x", host="other.test")
    dev.output.wait_for(rf"^GET     http://other\.test/x 404 no_host {TOOK}")
    dev.get("/missing/x", host="web.test")
    dev.output.wait_for(rf"^GET     http://web\.test/missing/x 503 no_service shop/web#0/1 → missing:80 {TOOK}")


def test_https_is_shown_as_such(dev: RunningDev) -> None:
    with dev.connect_tls("web.test") as connection:
        connection.request("GET", "/secure", host="web.test")
    dev.output.wait_for(r"^GET     https://web\.test/secure 200 ")


def test_a_request_that_cannot_be_read_is_a_line_too(dev: RunningDev) -> None:
    assert exchange_bytes(dev.http_port, b"this is no HTTP\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    dev.output.wait_for(rf"^-       - 400 malformed_request \(the request line is not .*\) {TOOK}")


def test_a_request_that_is_refused_is_still_told_by_what_it_asked_for(dev: RunningDev) -> None:
    exchange_bytes(dev.http_port, b"TRACE /path HTTP/1.1\r\nHost: web.test\r\n\r\n")
    dev.output.wait_for(rf"^TRACE   http://web\.test/path 405 method_not_allowed \(TRACE is not served\) {TOOK}")


def test_what_a_client_sends_cannot_forge_a_line_or_move_the_cursor(dev: RunningDev) -> None:
    for nasty in (b"\x1b[2J", b"\r", b"\x00", b"\xc2\x9b31m"):
        exchange_bytes(dev.http_port, b"GET /nasty%b HTTP/1.1\r\nHost: web.test\r\n\r\n" % nasty)
        exchange_bytes(dev.http_port, b"GET /host HTTP/1.1\r\nHost: we%bb.test\r\n\r\n" % nasty)
    dev.get("/nasty%1b%0a%0dGET", host="web.test")
    dev.output.wait_for(r"^GET     http://web\.test/nasty%1[Bb]%0[Aa]%0[Dd]GET 200 ")
    assert all(line.isprintable() for line in dev.output.text.split("\n"))


def test_no_line_is_coloured_where_nobody_looks(dev: RunningDev) -> None:
    assert "\x1b" not in dev.output.text


def test_a_very_long_url_is_cut(dev: RunningDev) -> None:
    dev.get(f"/long/{'x' * 4000}", host="web.test")
    match = dev.output.wait_for(r"^GET +http://web\.test/long/(x+)… 200 ")
    assert len(match[1]) < 500
