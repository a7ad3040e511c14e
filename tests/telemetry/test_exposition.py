"""The counters as Prometheus reads them."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path

import pytest
from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from ingressd.compilation import describe
from ingressd.telemetry.exposition import Inventory, metrics_registry
from ingressd.telemetry.metrics import Metrics
from tests.support.records import RECORD, changed

INVENTORY = Inventory(
    in_flight=1,
    connections=9,
    tunnels=2,
    hosts=2,
    routes=5,
    upstreams=3,
    ingresses_not_served=6,
    problems={"error": 1, "warning": 4},
    certificate_expiry={"shop/shop-tls": 1_800_000_000.0},
    dropped_log_lines=7,
)
ROUTE = {"namespace": "shop", "ingress": "web", "service": "cart"}


def counted() -> Metrics:
    metrics = Metrics()
    for seconds in (0.004, 0.2):
        metrics.count(
            changed(
                RECORD,
                duration_seconds=seconds,
                host="secret-host.localhost",
                target="/secret-path",
                attempts=2,
                bytes_received=1,
                bytes_sent=100,
                upstream_seconds=0.003,
            )
        )
    return metrics


@pytest.fixture(params=["text", "openmetrics"])
def families(request: pytest.FixtureRequest) -> dict[str, Metric]:
    registry = metrics_registry(counted(), lambda: INVENTORY, version="1.2.3")
    parsed: Iterable[Metric]
    if request.param == "text":
        parsed = parse_text(generate_latest(registry).decode())
    else:
        parsed = parse_openmetrics(generate_openmetrics(registry).decode())  # type: ignore[no-untyped-call]
    return {family.name: family for family in parsed}


def value(families: dict[str, Metric], sample_name: str, **labels: str) -> float:
    found = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == sample_name and sample.labels == labels
    ]
    assert len(found) == 1, f"{sample_name} {labels}: {found}"
    return found[0]


def test_requests(families: dict[str, Metric]) -> None:
    labels = {**ROUTE, "method": "GET", "status_class": "2xx", "reason": ""}
    assert value(families, "ingressd_requests_total", **labels) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ingressd_request_body_bytes_total", 2),
        ("ingressd_response_body_bytes_total", 200),
        ("ingressd_upstream_attempts_total", 4),
        ("ingressd_upstream_retries_total", 2),
        ("ingressd_request_duration_seconds_count", 2),
        ("ingressd_upstream_duration_seconds_count", 2),
    ],
)
def test_numbers_of_a_route(families: dict[str, Metric], name: str, expected: float) -> None:
    assert value(families, name, **ROUTE) == expected


@pytest.mark.parametrize(("bound", "expected"), [("0.0025", 0), ("0.005", 1), ("0.1", 1), ("0.25", 2), ("+Inf", 2)])
def test_buckets_are_cumulative(families: dict[str, Metric], bound: str, expected: float) -> None:
    assert value(families, "ingressd_request_duration_seconds_bucket", **ROUTE, le=bound) == expected


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("ingressd_requests_in_flight", {}, 1),
        ("ingressd_client_connections", {}, 9),
        ("ingressd_tunnels", {}, 2),
        ("ingressd_hosts", {}, 2),
        ("ingressd_routes", {}, 5),
        ("ingressd_upstreams", {}, 3),
        ("ingressd_ingresses_not_served", {}, 6),
        ("ingressd_problems", {"severity": "error"}, 1),
        ("ingressd_problems", {"severity": "warning"}, 4),
        (
            "ingressd_certificate_expiry_timestamp_seconds",
            {"namespace": "shop", "secret": "shop-tls"},
            1_800_000_000.0,
        ),
        ("ingressd_log_lines_dropped_total", {}, 7),
        (
            "ingressd_build_info",
            {"version": "1.2.3", "python": platform.python_version(), "data_plane": describe()},
            1,
        ),
    ],
)
def test_single_numbers(families: dict[str, Metric], name: str, labels: dict[str, str], expected: float) -> None:
    assert value(families, name, **labels) == expected


def test_no_host_or_path_becomes_a_label() -> None:
    text = generate_latest(metrics_registry(counted(), lambda: INVENTORY, version="1"))
    assert b"secret-" not in text


def test_every_family_has_help(families: dict[str, Metric]) -> None:
    assert [family.name for family in families.values() if not family.documentation] == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells of a process in files")
def test_the_process_tells_of_itself(families: dict[str, Metric]) -> None:
    assert value(families, "process_resident_memory_bytes") > 1024 * 1024
    assert value(families, "process_open_fds") > 2


def test_a_scrape_reads_the_numbers_of_its_moment() -> None:
    in_flight = [0, 5]
    registry = metrics_registry(Metrics(), lambda: Inventory(in_flight=in_flight.pop()), version="1")
    assert [registry.get_sample_value("ingressd_requests_in_flight") for _ in range(2)] == [5, 0]
