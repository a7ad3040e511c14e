"""The dashboard asks for series that the program exposes, by labels that they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import CollectorRegistry

from ingressd.telemetry.control_plane import ControlPlane, ControlPlaneCollector, WatchFigures, WorkerFigures
from ingressd.telemetry.exposition import Inventory, MetricsCollector
from ingressd.telemetry.metrics import Metrics
from ingressd.telemetry.series import RequestKey, RouteKey, RouteSeries

PLACE = Path(__file__).parents[2] / "manifests/grafana/ingressd.json"
DASHBOARD: dict[str, Any] = msgspec.json.decode(PLACE.read_bytes())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"] if panel["type"] != "row"}
OF_THE_SCRAPE = {"instance"}
"""Labels that Prometheus adds by itself."""

_SERIES = re.compile(r"(ingressd_\w+)(?:\{([^}]*)\})?")
_MATCHED = re.compile(r"(\w+)(?:=~|!=|=)\"")
_GROUPED = re.compile(r"by \(([^)]*)\)")
_SHOWN = re.compile(r"\{\{(\w+)\}\}")


def _exposed() -> dict[str, set[str]]:
    """The labels of every series, by its name in a query."""
    metrics = Metrics()
    metrics.requests[RequestKey("shop", "web", "cart", "GET", "2xx", "")] = 1
    metrics.routes[RouteKey("shop", "web", "cart")] = RouteSeries()
    inventory = Inventory(problems={"error": 1}, certificate_expiry={"shop/web": 1.0})
    control = ControlPlane(
        ready=True,
        workers=(WorkerFigures(pid=1, behind=0, silent_seconds=0, resident_bytes=1),),
        watches=(WatchFigures(kind="Ingress", namespace="", healthy=True, objects=1, lists=1, watches=1),),
        leading=True,
        written={("status", "written"): 1},
        troubles={"status": True},
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(MetricsCollector(metrics, lambda: inventory, version="1"))
    registry.register(ControlPlaneCollector(lambda: control))
    return {name: labels for family in registry.collect() for name, labels in _samples(family)}


def _samples(family: Metric) -> Iterator[tuple[str, set[str]]]:
    assert family.samples, family.name
    for sample in family.samples:
        yield sample.name, set(sample.labels)


EXPOSED: Mapping[str, set[str]] = _exposed()


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_shows_what_is_exposed(title: str) -> None:
    for target in PANELS[title]["targets"]:
        query = target["expr"]
        series = _SERIES.findall(query)
        assert series
        common = set.intersection(*(EXPOSED[name] for name, _ in series)) | OF_THE_SCRAPE
        for name, matchers in series:
            assert set(_MATCHED.findall(matchers)) <= EXPOSED[name]
        grouped = {label.strip() for labels in _GROUPED.findall(query) for label in labels.split(",")}
        assert grouped <= common
        assert set(_SHOWN.findall(target["legendFormat"])) <= grouped
        assert query.count("(") == query.count(")")


@pytest.mark.parametrize("title", PANELS)
def test_a_counter_is_shown_as_a_rate(title: str) -> None:
    for target in PANELS[title]["targets"]:
        for name in re.findall(r"ingressd_\w+_(?:total|bucket)\b", target["expr"]):
            assert re.search(rf"(rate|increase)\({name}", target["expr"])


def test_every_variable_that_is_used_is_defined() -> None:
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", msgspec.json.encode(DASHBOARD).decode()))
    assert {name for name in used if not name.startswith("__")} == defined
    for variable in DASHBOARD["templating"]["list"]:
        for name, _ in _SERIES.findall(variable.get("definition", "")):
            assert variable["name"] in EXPOSED[name]


def test_panels_have_a_number_and_a_place_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert all(x < 24 for x, _ in cells)
