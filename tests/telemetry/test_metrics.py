"""Counting exchanges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.telemetry.metrics import OVERFLOW, Metrics, status_class
from ingressd.telemetry.record import ExchangeRecord
from ingressd.telemetry.series import BUCKET_BOUNDS_SECONDS, Histogram, MetricsDelta, RequestKey, RouteKey, RouteSeries
from tests.support.records import RECORD, changed


def record(**changes: object) -> ExchangeRecord:
    return changed(RECORD, **changes)


def test_the_same_labels_share_a_series() -> None:
    metrics = Metrics()
    metrics.count(RECORD)
    metrics.count(record(target="/other", host="else.localhost", status=204))
    assert metrics.requests == {RequestKey("shop", "web", "cart", "GET", "2xx", ""): 2}


def test_what_is_counted_for_a_route() -> None:
    metrics = Metrics()
    metrics.count(RECORD)
    metrics.count(record(attempts=3, status=502, reason="connect_failed", upstream_seconds=None))
    series = metrics.routes[RouteKey("shop", "web", "cart")]
    assert (series.bytes_received, series.bytes_sent, series.attempts, series.retries) == (20, 40, 4, 2)
    assert sum(series.duration.buckets) == 2
    assert sum(series.upstream.buckets) == 1


def test_a_local_answer_is_no_negative_retry() -> None:
    metrics = Metrics()
    metrics.count(record(attempts=0, status=503, reason="no_endpoints"))
    assert metrics.routes[RouteKey("shop", "web", "cart")].retries == 0


@pytest.mark.parametrize(
    ("method", "label"), [("GET", "GET"), ("FROBNICATE", "OTHER"), ("get", "OTHER"), ("", "OTHER")]
)
def test_a_client_cannot_choose_a_method_label(method: str, label: str) -> None:
    metrics = Metrics()
    metrics.count(record(method=method))
    assert [key.method for key in metrics.requests] == [label]


@pytest.mark.parametrize(
    ("status", "label"),
    [(0, "none"), (99, "none"), (101, "1xx"), (200, "2xx"), (304, "3xx"), (404, "4xx"), (599, "5xx"), (600, "none")],
)
def test_status_class(status: int, label: str) -> None:
    assert status_class(status) == label


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz")), max_size=60), st.integers(1, 6))
def test_series_are_bounded_and_totals_stay_right(names: list[tuple[str, str]], max_series: int) -> None:
    metrics = Metrics(max_series=max_series)
    for namespace, ingress in names:
        metrics.count(record(namespace=namespace, ingress=ingress))
    assert len(metrics.requests) <= max_series
    assert len(metrics.routes) <= max_series
    assert sum(metrics.requests.values()) == len(names)
    assert sum(sum(series.duration.buckets) for series in metrics.routes.values()) == len(names)
    if len(set(names)) < max_series:
        assert all(key.ingress != OVERFLOW for key in metrics.requests)


def test_a_series_that_exists_is_not_displaced() -> None:
    metrics = Metrics(max_series=2)
    for namespace in ("a", "b", "a"):
        metrics.count(record(namespace=namespace))
    assert {(key.namespace, key.ingress): count for key, count in metrics.requests.items()} == {
        ("a", "web"): 2,
        ("", OVERFLOW): 1,
    }


def test_there_must_be_room_for_overflow() -> None:
    with pytest.raises(ValueError, match="overflow series"):
        Metrics(max_series=0)


def test_the_series_of_an_ingress_go_with_it() -> None:
    metrics = Metrics()
    metrics.count(RECORD)
    metrics.count(record(method="POST", service="other"))
    metrics.count(record(ingress="blog"))
    metrics.forget("shop", "web")
    metrics.forget("shop", "web")
    assert {key.ingress for key in metrics.requests} == {"blog"}
    assert {key.ingress for key in metrics.routes} == {"blog"}
    metrics.count(RECORD)
    assert metrics.requests[RequestKey("shop", "web", "cart", "GET", "2xx", "")] == 1


def test_forgetting_makes_room() -> None:
    metrics = Metrics(max_series=2)
    metrics.count(record(ingress="old"))
    metrics.forget("shop", "old")
    metrics.count(record(ingress="new"))
    assert {key.ingress for key in metrics.requests} == {"new"}


@given(st.lists(st.floats(0, 1000), max_size=50))
def test_a_histogram_agrees_with_counting(observations: list[float]) -> None:
    metrics = Metrics()
    for seconds in observations:
        metrics.count(record(duration_seconds=seconds))
    histogram = metrics.routes[RouteKey("shop", "web", "cart")].duration if observations else Histogram()
    for index, bound in enumerate(BUCKET_BOUNDS_SECONDS):
        assert sum(histogram.buckets[: index + 1]) == sum(seconds <= bound for seconds in observations)
    assert sum(histogram.buckets) == len(observations)
    assert histogram.sum_seconds == pytest.approx(sum(observations))


RECORDS = st.builds(
    record,
    namespace=st.sampled_from("ab"),
    ingress=st.sampled_from("xyz"),
    service=st.sampled_from("st"),
    method=st.sampled_from(["GET", "POST"]),
    status=st.sampled_from([200, 503]),
    attempts=st.integers(0, 3),
    # Sums of these are exact, in whatever order they are added.
    duration_seconds=st.integers(0, 64).map(float),
    upstream_seconds=st.none() | st.integers(0, 64).map(float),
)


def series_of(metrics: Metrics) -> tuple[dict[RequestKey, int], dict[RouteKey, RouteSeries]]:
    return metrics.requests, metrics.routes


@given(st.lists(st.tuples(RECORDS, st.integers(0, 2), st.booleans()), max_size=40))
def test_what_several_processes_count_adds_up_to_what_one_would(
    exchanges: list[tuple[ExchangeRecord, int, bool]],
) -> None:
    """Each exchange has a process that counts it, and whether that process gives its delta away afterwards."""
    alone, total = Metrics(), Metrics()
    processes = [Metrics() for _ in range(3)]
    for exchange, number, gives in exchanges:
        alone.count(exchange)
        processes[number].count(exchange)
        if gives:
            total.add(processes[number].take())
    for process in processes:
        total.add(process.take())
        assert process.take() == MetricsDelta()
    assert series_of(total) == series_of(alone)


@given(st.lists(RECORDS, max_size=40), st.integers(1, 6))
def test_added_series_are_bounded_and_totals_stay_right(records: list[ExchangeRecord], max_series: int) -> None:
    process, total = Metrics(), Metrics(max_series=max_series)
    for number, exchange in enumerate(records):
        process.count(exchange)
        if number % 3 == 0:
            total.add(process.take())
    total.add(process.take())
    assert len(total.requests) <= max_series
    assert len(total.routes) <= max_series
    assert sum(total.requests.values()) == len(records)
    assert sum(sum(series.duration.buckets) for series in total.routes.values()) == len(records)
    assert sum(series.bytes_sent for series in total.routes.values()) == 20 * len(records)


def test_a_delta_that_was_added_is_nobodys_series() -> None:
    process, total = Metrics(), Metrics()
    process.count(RECORD)
    delta = process.take()
    total.add(delta)
    total.add(delta)
    assert total.requests == {RequestKey("shop", "web", "cart", "GET", "2xx", ""): 2}
    assert delta.routes[0][1].attempts == 1


def test_a_late_delta_of_an_ingress_that_is_gone_can_be_forgotten_again() -> None:
    process, total = Metrics(), Metrics()
    process.count(RECORD)
    late = process.take()
    total.add(late)
    total.forget("shop", "web")
    total.add(late)
    assert ("shop", "web") in total.ingresses()
    total.forget("shop", "web")
    assert series_of(total) == ({}, {})
