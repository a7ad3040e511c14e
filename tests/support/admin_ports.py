"""Admin ports to ask: the real one over a controller, and servers that say what a test wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from aiohttp import web
from prometheus_client import CollectorRegistry

from ingressd.admin.application import admin_application
from ingressd.admin.explanation_document import located_explanation
from ingressd.admin.host_guard import HostGuard
from ingressd.admin.problem_document import located
from ingressd.cli.admin_url import AdminUrl
from ingressd.controller.controller import Controller, NotServed
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
from tests.support.pods import running_pods
from tests.support.upstream import read_message

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
        self.waits: tuple[str, ...] = ()
        self.hosts = 0
        self.now = datetime(2026, 11, 20, tzinfo=UTC)
        self.controller = Controller(TranslationSettings.development(), publish=lambda difference: None)
        self.controller.apply((Applied(WEB), Synced()))
        self.controller.flush(self.now)

    def waiting_for(self) -> tuple[str, ...]:
        return self.waits

    async def refresh(self) -> None:
        await asyncio.sleep(0)
        self.hosts += 1

    def routes(self) -> tuple[RouteRow, ...]:
        return route_rows(self.controller)

    def problems(self) -> tuple[Problem, ...]:
        return located(self.controller.problems(), locate)

    def not_served(self) -> tuple[NotServed, ...]:
        return self.controller.not_served()

    def explain(self, method: str, url: str) -> Explanation:
        if method == "BREAK":
            raise RuntimeError("a defect")
        return located_explanation(explain(self.controller, method, url), locate)

    def registry(self) -> CollectorRegistry:
        return metrics_registry(Metrics(), lambda: Inventory(hosts=self.hosts), version="1.2.3")


@contextmanager
def admin_port(view: ControllerView) -> Iterator[AdminUrl]:
    """Serve the real application, on a thread."""
    with running_pods() as pods:
        runner = web.AppRunner(admin_application(view, view.registry(), HostGuard("127.0.0.1")))
        try:
            yield pods.call(_start(runner))
        finally:
            pods.call(runner.cleanup())


@contextmanager
def scripted_port(answers: Mapping[str, bytes], *, default: bytes = b"") -> Iterator[AdminUrl]:
    """Serve these bytes, by the path that is asked for (without its query), and close behind ``default``."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_message(reader)
            target = head.split(b" ", 2)[1].decode("ascii")
            found = answers.get(target.partition("?")[0])
            writer.write(default if found is None else found)
            await writer.drain()
            if found is None:
                return

    with running_pods() as pods:
        yield AdminUrl("http", "127.0.0.1", pods.add("admin", answer))


def http_answer(body: bytes, *, status: str = "200 OK", fields: Mapping[str, str] | None = None) -> bytes:
    """Return an answer that keeps its connection open."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines.extend(f"{name}: {value}" for name, value in (fields or {}).items())
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


async def _start(runner: web.AppRunner) -> AdminUrl:
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return AdminUrl("http", "127.0.0.1", runner.addresses[0][1])
