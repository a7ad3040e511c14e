"""The admin port, over a real socket and the real controller."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ingressd.admin.application import MAX_METHOD_LENGTH, MAX_URL_LENGTH, admin_application
from ingressd.admin.explanation_document import located_explanation
from ingressd.admin.host_guard import HostGuard
from ingressd.admin.problem_document import located
from ingressd.controller.controller import Controller
from ingressd.controller.explain import explain
from ingressd.controller.explanation import Explanation
from ingressd.controller.routes import RouteRow, route_rows
from ingressd.resources.change import Applied, Synced
from ingressd.resources.ingress import (
    Backend,
    HttpPath,
    HttpRule,
    Ingress,
    IngressSpec,
    Rule,
    ServiceBackend,
    ServicePort,
)
from ingressd.resources.key import ObjectKey
from ingressd.resources.metadata import Metadata
from ingressd.resources.problem import Location, Problem
from ingressd.telemetry.exposition import Inventory, metrics_registry
from ingressd.telemetry.metrics import Metrics
from ingressd.translate.settings import TranslationSettings

Client = TestClient[web.Request, web.Application]

WEB = Ingress(
    metadata=Metadata(name="web", namespace="shop"),
    spec=IngressSpec(
        rules=(
            Rule(
                host="shop.localhost",
                http=HttpRule(
                    paths=(
                        HttpPath(
                            path="/cart",
                            path_type="Prefix",
                            backend=Backend(service=ServiceBackend(name="cart", port=ServicePort(number=80))),
                        ),
                    )
                ),
            ),
        )
    ),
)


def locate(key: ObjectKey, path: str = "") -> Location | None:
    return Location("shop.yaml", 1 + len(path))


class ControllerView:
    """The view that a running program gives, over a controller without sources."""

    def __init__(self) -> None:
        self.ready = False
        self.controller = Controller(TranslationSettings.development(), publish=lambda difference: None)
        self.controller.apply((Applied(WEB), Synced()))
        self.controller.flush(datetime(2026, 11, 20, tzinfo=UTC))

    def routes(self) -> tuple[RouteRow, ...]:
        return route_rows(self.controller)

    def problems(self) -> tuple[Problem, ...]:
        return located(self.controller.problems(), locate)

    def explain(self, method: str, url: str) -> Explanation:
        if method == "BREAK":
            raise RuntimeError("a defect")
        return located_explanation(explain(self.controller, method, url), locate)


@pytest.fixture
def view() -> ControllerView:
    return ControllerView()


@pytest_asyncio.fixture
async def client(view: ControllerView) -> AsyncIterator[Client]:
    registry = metrics_registry(Metrics(), Inventory, version="1.2.3")
    async with TestClient(TestServer(admin_application(view, registry, HostGuard("127.0.0.1")))) as started:
        yield started


async def fetch(client: Client, path: str, **options: Any) -> tuple[int, Any]:
    async with client.request(options.pop("method", "GET"), path, **options) as response:
        return response.status, await response.json()


async def test_the_index_page(client: Client) -> None:
    async with client.get("/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert "/api/routes" in await response.text()


async def test_it_is_alive_before_it_is_ready(client: Client, view: ControllerView) -> None:
    assert await fetch(client, "/healthz") == (200, {"alive": True})
    assert await fetch(client, "/readyz") == (503, {"ready": False})
    view.ready = True
    assert await fetch(client, "/readyz") == (200, {"ready": True})


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("*/*", "text/plain"), ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text")],
)
async def test_metrics_in_the_form_asked_for(client: Client, accept: str, content_type: str) -> None:
    async with client.get("/metrics", headers={"Accept": accept}) as response:
        assert response.content_type == content_type
        assert "ingressd_build_info{" in await response.text()


async def test_routes(client: Client) -> None:
    status, document = await fetch(client, "/api/routes")
    assert status == 200
    assert [(row["host"], row["path"], row["origin"]) for row in document["routes"]] == [
        ("shop.localhost", "/cart", "shop/web#0/0")
    ]
    assert document["errors"] + document["warnings"] == len(document["problems"])


async def test_problems_have_places(client: Client) -> None:
    status, document = await fetch(client, "/api/problems")
    assert status == 200
    assert [(problem["code"], problem["name"], problem["file"]) for problem in document["problems"]] == [
        ("no_service", "web", "shop.yaml")
    ]


async def test_explain(client: Client) -> None:
    status, document = await fetch(client, "/api/explain", params={"url": "http://shop.localhost/cart/1"})
    assert status == 200
    assert document["method"] == "GET"
    assert document["winner"]["ingress"] == "web"
    assert document["winner"]["location"] == {"file": "shop.yaml", "line": 1 + len("spec.rules[0].http.paths[0]")}
    assert document["answer"]["reason"] == "no_service"
    assert [problem["kind"] for problem in document["problems"]] == ["Ingress"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "no_url"),
        ({"url": ""}, "no_url"),
        ({"url": "http://a b/"}, "bad_url"),
        ({"url": "http://a/" + "x" * MAX_URL_LENGTH}, "too_long"),
        ({"url": "http://a/", "method": "X" * (MAX_METHOD_LENGTH + 1)}, "too_long"),
    ],
    ids=["none", "empty", "not a URL", "long URL", "long method"],
)
async def test_a_wrong_question(client: Client, parameters: Mapping[str, str], code: str) -> None:
    status, document = await fetch(client, "/api/explain", params=parameters)
    assert (status, document["error"]["code"]) == (400, code)
    assert document["error"]["message"]


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/routes", "/healthz", "/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:9090", ""])
async def test_a_foreign_host_is_refused(client: Client, path: str, host: str) -> None:
    status, document = await fetch(client, path, headers={"Host": host})
    assert (status, document["error"]["code"]) == (403, "foreign_host")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_it_is_read_only(client: Client, method: str) -> None:
    async with client.request(method, "/api/routes") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, HEAD"
        assert (await response.json())["error"]["code"] == "read_only"


async def test_an_unknown_page_names_the_known_ones(client: Client) -> None:
    status, document = await fetch(client, "/nothing")
    assert (status, document["error"]["code"]) == (404, "not_found")
    assert "/api/explain" in document["error"]["message"]


async def test_a_defect_is_no_traceback(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    status, document = await fetch(client, "/api/explain", params={"url": "http://a/", "method": "BREAK"})
    assert (status, document["error"]["code"]) == (500, "internal_error")
    assert "a defect" not in str(document)
    assert "admin request failed" in caplog.text


@pytest.mark.parametrize("path", ["/", "/metrics", "/nothing"])
async def test_every_answer_is_kept_out_of_caches_and_scripts(client: Client, path: str) -> None:
    async with client.get(path) as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_head(client: Client) -> None:
    async with client.head("/api/routes") as response:
        assert response.status == 200
        assert await response.read() == b""


async def test_a_port_for_everybody_answers_any_host(view: ControllerView) -> None:
    registry = metrics_registry(Metrics(), Inventory, version="1.2.3")
    application = admin_application(view, registry, HostGuard("0.0.0.0"))
    async with TestClient(TestServer(application)) as started:
        assert (await fetch(started, "/healthz", headers={"Host": "ingressd.ingress.svc"}))[0] == 200
