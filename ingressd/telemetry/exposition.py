"""The counters in the form that Prometheus reads."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ingressd.compilation import describe
from ingressd.telemetry.metrics import Metrics
from ingressd.telemetry.series import BUCKET_BOUNDS_SECONDS, Histogram, RequestKey, RouteKey, RouteSeries


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is now, as numbers.

    ``in_flight`` counts requests being served, ``connections`` open client connections, ``tunnels`` those of them
    that were upgraded. ``ingresses_not_served`` are left to another controller, or to none. ``problems`` is keyed by
    severity. ``certificate_expiry`` maps ``namespace/name`` of a Secret
    to seconds since 1970-01-01 UTC.
    """

    in_flight: int = 0
    connections: int = 0
    tunnels: int = 0
    hosts: int = 0
    routes: int = 0
    upstreams: int = 0
    ingresses_not_served: int = 0
    problems: Mapping[str, int] = {}
    certificate_expiry: Mapping[str, float] = {}
    dropped_log_lines: int = 0


class _RouteCounter(NamedTuple):
    name: str
    help: str
    read: Callable[[RouteSeries], int]


class _RouteHistogram(NamedTuple):
    name: str
    help: str
    read: Callable[[RouteSeries], Histogram]


class _InventoryGauge(NamedTuple):
    name: str
    help: str
    read: Callable[[Inventory], int]


_INVENTORY_GAUGES = (
    _InventoryGauge("ingressd_requests_in_flight", "Requests being served.", lambda now: now.in_flight),
    _InventoryGauge("ingressd_client_connections", "Open client connections.", lambda now: now.connections),
    _InventoryGauge("ingressd_tunnels", "Upgraded connections that are relayed.", lambda now: now.tunnels),
    _InventoryGauge("ingressd_hosts", "Hosts in the routing table.", lambda now: now.hosts),
    _InventoryGauge("ingressd_routes", "Routes in the routing table.", lambda now: now.routes),
    _InventoryGauge("ingressd_upstreams", "Upstreams in the routing table.", lambda now: now.upstreams),
    _InventoryGauge(
        "ingressd_ingresses_not_served",
        "Ingresses that are left to another controller, or to none.",
        lambda now: now.ingresses_not_served,
    ),
)

_ROUTE_COUNTERS = (
    _RouteCounter(
        "ingressd_request_body_bytes", "Body bytes received from clients.", lambda series: series.bytes_received
    ),
    _RouteCounter("ingressd_response_body_bytes", "Body bytes sent to clients.", lambda series: series.bytes_sent),
    _RouteCounter(
        "ingressd_upstream_attempts", "Tries to get an answer from an endpoint.", lambda series: series.attempts
    ),
    _RouteCounter("ingressd_upstream_retries", "Tries after the first of a request.", lambda series: series.retries),
)

_ROUTE_HISTOGRAMS = (
    _RouteHistogram(
        "ingressd_request_duration_seconds",
        "From the first byte of a request to the last byte of its answer.",
        lambda series: series.duration,
    ),
    _RouteHistogram(
        "ingressd_upstream_duration_seconds",
        "From the first try to the head of the endpoint's answer.",
        lambda series: series.upstream,
    ),
)


class MetricsCollector(Collector):
    """Reads everything anew at each scrape; it holds no numbers of its own."""

    def __init__(self, metrics: Metrics, inventory: Callable[[], Inventory], *, version: str) -> None:
        self._metrics = metrics
        self._inventory = inventory
        self._version = version

    def collect(self) -> Iterator[Metric]:
        # First, since whoever takes stock forgets the series of what no longer exists.
        inventory = self._inventory()
        yield InfoMetricFamily(
            "ingressd_build",
            "The version of ingressd and of Python, and whether the data plane is compiled or pure Python.",
            value={"version": self._version, "python": platform.python_version(), "data_plane": describe()},
        )
        yield self._requests()
        for counter in _ROUTE_COUNTERS:
            yield self._route_counter(counter)
        for histogram in _ROUTE_HISTOGRAMS:
            yield self._route_histogram(histogram)
        yield from self._inventory_families(inventory)

    def _requests(self) -> Metric:
        family = CounterMetricFamily("ingressd_requests", "Requests answered.", labels=RequestKey._fields)
        for key, count in self._metrics.requests.items():
            family.add_metric(key, count)
        return family

    def _route_counter(self, counter: _RouteCounter) -> Metric:
        family = CounterMetricFamily(counter.name, counter.help, labels=RouteKey._fields)
        for key, series in self._metrics.routes.items():
            family.add_metric(key, counter.read(series))
        return family

    def _route_histogram(self, histogram: _RouteHistogram) -> Metric:
        family = HistogramMetricFamily(histogram.name, histogram.help, labels=RouteKey._fields)
        for key, series in self._metrics.routes.items():
            observed = histogram.read(series)
            totals = accumulate(observed.buckets)
            buckets = [(_bound_text(index), float(total)) for index, total in enumerate(totals)]
            family.add_metric(key, buckets, observed.sum_seconds)
        return family

    def _inventory_families(self, inventory: Inventory) -> Iterator[Metric]:
        for gauge in _INVENTORY_GAUGES:
            yield GaugeMetricFamily(gauge.name, gauge.help, value=gauge.read(inventory))
        problems = GaugeMetricFamily("ingressd_problems", "Problems in what users wrote.", labels=("severity",))
        for severity, count in sorted(inventory.problems.items()):
            problems.add_metric((severity,), count)
        yield problems
        expiry = GaugeMetricFamily(
            "ingressd_certificate_expiry_timestamp_seconds",
            "When the certificate in a Secret ends, in seconds since 1970-01-01 UTC.",
            labels=("namespace", "secret"),
        )
        for name, seconds in sorted(inventory.certificate_expiry.items()):
            namespace, _, secret = name.partition("/")
            expiry.add_metric((namespace, secret), seconds)
        yield expiry
        yield CounterMetricFamily(
            "ingressd_log_lines_dropped",
            "Request lines that were not written because nobody read them.",
            value=inventory.dropped_log_lines,
        )


def metrics_registry(metrics: Metrics, inventory: Callable[[], Inventory], *, version: str) -> CollectorRegistry:
    """Return a registry of its own, since the library's global one is process-wide state.

    Where there is a ``/proc``, the library's ``process_*`` families tell of this process.
    """
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(MetricsCollector(metrics, inventory, version=version))
    return registry


def _bound_text(index: int) -> str:
    return str(BUCKET_BOUNDS_SECONDS[index]) if index < len(BUCKET_BOUNDS_SECONDS) else "+Inf"
