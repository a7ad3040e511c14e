"""The admin port, over a real socket and the real controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.pytest_plugin import AiohttpClient
from aiohttp.test_utils import TestClient
from prometheus_client.parser import text_string_to_metric_families

from ingressd.admin.application import MAX_METHOD_LENGTH, MAX_URL_LENGTH, admin_application
from ingressd.admin.host_guard import HostGuard
from ingressd.controller.controller import Controller
from ingressd.resources.change import Applied, Synced
from ingressd.translate.settings import TranslationSettings
from tests.support.admin_ports import WEB, ControllerView

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def view() -> ControllerView:
    return ControllerView()


@pytest_asyncio.fixture
async def client(view: ControllerView, aiohttp_client: AiohttpClient) -> Client:
    return await aiohttp_client(admin_application(view, view.registry(), HostGuard("127.0.0.1")))


async def fetch(client: Client, path: str, **options: Any) -> tuple[int, Any]:
    async with client.request(options.pop("method", "GET"), path, **options) as response:
        return response.status, await response.json()


async def test_the_index_page(client: Client) -> None:
    async with client.get("/") as response:
        assert response.status == 200
        assert response.content_type == "text/html"
        assert response.headers["Server"] == "ingressd"
        assert "/api/routes" in await response.text()


async def test_routes_name_the_ingresses_of_others(client: Client, view: ControllerView) -> None:
    view.controller = Controller(TranslationSettings(), publish=lambda difference: None)
    view.controller.apply((Applied(WEB), Synced()))
    view.controller.flush(view.now)
    status, document = await fetch(client, "/api/routes")
    [(key, why)] = view.not_served()
    assert (status, document["routes"]) == (200, [])
    assert document["not_served"] == [{"namespace": key.namespace, "name": key.name, "why": why}]


async def test_it_is_alive_before_it_is_ready(client: Client, view: ControllerView) -> None:
    assert await fetch(client, "/healthz") == (200, {"alive": True})
    assert await fetch(client, "/readyz") == (503, {"ready": False})
    view.ready = True
    assert await fetch(client, "/readyz") == (200, {"ready": True})


async def test_what_it_waits_for_is_said_while_it_is_not_ready(client: Client, view: ControllerView) -> None:
    view.waits = ("Secrets have not been listed.", "Services have not been listed.")
    assert await fetch(client, "/readyz") == (503, {"ready": False, "waiting_for": list(view.waits)})
    for path in ("/api/routes", "/api/explain?url=http://shop.localhost/cart"):
        status, document = await fetch(client, path)
        assert (status, document["error"]["code"]) == (503, "not_ready")
        assert document["error"]["message"].endswith("Secrets have not been listed. Services have not been listed.")
    status, document = await fetch(client, "/api/problems")
    assert (status, [problem["code"] for problem in document["problems"]]) == (200, ["no_service"])


async def test_in_a_drain_it_still_says_what_it_serves(client: Client, view: ControllerView) -> None:
    assert not view.ready
    status, document = await fetch(client, "/api/routes")
    assert (status, len(document["routes"])) == (200, 1)


async def test_metrics_are_fresh(client: Client) -> None:
    for expected in (1, 2):
        async with client.get("/metrics") as response:
            families = text_string_to_metric_families(await response.text())
        values = {sample.name: sample.value for family in families for sample in family.samples}
        assert values["ingressd_hosts"] == expected


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


async def test_a_port_for_everybody_answers_any_host(view: ControllerView, aiohttp_client: AiohttpClient) -> None:
    started = await aiohttp_client(admin_application(view, view.registry(), HostGuard("0.0.0.0")))
    assert (await fetch(started, "/healthz", headers={"Host": "ingressd.ingress.svc"}))[0] == 200
