"""Plain numbers, added to once for each exchange: no lock, no metrics library, no I/O on the way of a request.

series      the numbers that share one set of labels
overflow    the one series that takes what comes after the bound on series is reached
delta       what was counted since it was last taken, to be added to the counters of another process
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import msgspec

from ingressd.telemetry.record import ExchangeRecord

MAX_SERIES = 20_000

BUCKET_BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

KNOWN_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")  # RFC 9110, RFC 5789
)
OTHER_METHOD = "OTHER"
OVERFLOW = "_overflow"
"""The ``ingress`` label of the overflow series: not a name that Kubernetes allows."""

_STATUS_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class RouteKey(NamedTuple):
    """Who answers for a request. All three are empty when no route matched."""

    namespace: str
    ingress: str
    service: str


class RequestKey(NamedTuple):
    """The labels of a request counter: only values with few choices, never a host or a path."""

    namespace: str
    ingress: str
    service: str
    method: str
    status_class: str
    reason: str


class Histogram(msgspec.Struct):
    """Observations in seconds: how many fell in each bucket (not cumulative; the last has no bound), and their sum."""

    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BUCKET_BOUNDS_SECONDS) + 1))
    sum_seconds: float = 0.0

    def observe(self, seconds: float) -> None:
        self.buckets[bisect_left(BUCKET_BOUNDS_SECONDS, seconds)] += 1
        self.sum_seconds += seconds

    def add(self, other: Histogram) -> None:
        for index, count in enumerate(other.buckets):
            self.buckets[index] += count
        self.sum_seconds += other.sum_seconds


class RouteSeries(msgspec.Struct):
    """What is counted for one route key."""

    attempts: int = 0
    retries: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    duration: Histogram = msgspec.field(default_factory=Histogram)
    upstream: Histogram = msgspec.field(default_factory=Histogram)

    def add(self, other: RouteSeries) -> None:
        self.attempts += other.attempts
        self.retries += other.retries
        self.bytes_received += other.bytes_received
        self.bytes_sent += other.bytes_sent
        self.duration.add(other.duration)
        self.upstream.add(other.upstream)


class MetricsDelta(msgspec.Struct, frozen=True):
    """What one process has counted since it last gave away a delta."""

    requests: tuple[tuple[RequestKey, int], ...] = ()
    routes: tuple[tuple[RouteKey, RouteSeries], ...] = ()


class Metrics:
    """The counters of one process.

    There are at most ``max_series`` request series; exchanges that would need another one are counted in the
    overflow series, so that the totals stay right.
    """

    __slots__ = (
        "_requests_of_ingress",
        "_routes_of_ingress",
        "max_series",
        "requests",
        "routes",
    )

    def __init__(self, *, max_series: int = MAX_SERIES) -> None:
        if max_series < 1:
            raise ValueError("there must be room for the overflow series")
        self.max_series = max_series
        self.requests: dict[RequestKey, int] = {}
        self.routes: dict[RouteKey, RouteSeries] = {}
        self._requests_of_ingress: dict[tuple[str, str], list[RequestKey]] = {}
        self._routes_of_ingress: dict[tuple[str, str], list[RouteKey]] = {}

    def count(self, record: ExchangeRecord) -> None:
        """Add one finished exchange."""
        self.count_exchange(
            (record.namespace, record.ingress, record.service),
            record.method,
            record.status,
            record.reason,
            duration_seconds=record.duration_seconds,
            bytes_received=record.bytes_received,
            bytes_sent=record.bytes_sent,
            attempts=record.attempts,
            upstream_seconds=record.upstream_seconds,
        )

    def count_exchange(
        self,
        route_labels: tuple[str, str, str],
        method: str,
        status: int,
        reason: str,
        *,
        duration_seconds: float,
        bytes_received: int,
        bytes_sent: int,
        attempts: int,
        upstream_seconds: float | None,
    ) -> None:
        """Add one finished exchange of which nobody needs a record. ``route_labels`` are those of a ``RouteKey``."""
        # A plain tuple finds what a named one of the same values was filed under, and is made faster.
        key: tuple[str, ...] = (
            *route_labels,
            method if method in KNOWN_METHODS else OTHER_METHOD,
            status_class(status),
            reason,
        )
        count = self.requests.get(key)  # type: ignore[call-overload]
        if count is None:
            new = self._new_request_series(RequestKey(*key))
            self.requests[new] += 1
            route = self.routes[RouteKey(*new[:3])]
        else:
            self.requests[key] = count + 1  # type: ignore[index]
            route = self.routes[route_labels]  # type: ignore[index]
        route.duration.observe(duration_seconds)
        route.bytes_received += bytes_received
        route.bytes_sent += bytes_sent
        route.attempts += attempts
        if attempts > 1:
            route.retries += attempts - 1
        if upstream_seconds is not None:
            route.upstream.observe(upstream_seconds)

    def take(self) -> MetricsDelta:
        """Give away everything counted so far, and start again from nothing."""
        taken = MetricsDelta(tuple(self.requests.items()), tuple(self.routes.items()))
        self.requests = {}
        self.routes = {}
        self._requests_of_ingress = {}
        self._routes_of_ingress = {}
        return taken

    def add(self, delta: MetricsDelta) -> None:
        """Add what another process has counted; no total is lost where series are.

        A delta may name an Ingress that was forgotten: whoever forgets does so again before the series are read.
        """
        for request_key, count in delta.requests:
            key = request_key if request_key in self.requests else self._new_request_series(request_key)
            self.requests[key] += count
        for route_key, series in delta.routes:
            # A route has no series of its own here when none of its requests found room.
            self.routes[route_key if route_key in self.routes else _OVERFLOW_ROUTE].add(series)

    def ingresses(self) -> tuple[tuple[str, str], ...]:
        """Return the namespace and name of every Ingress that has series; empty texts stand for none."""
        return tuple(self._requests_of_ingress)

    def forget(self, namespace: str, ingress: str) -> None:
        """Drop the series of an Ingress that no longer exists; nothing happens when it has none."""
        name = (namespace, ingress)
        for request_key in self._requests_of_ingress.pop(name, ()):
            del self.requests[request_key]
        for route_key in self._routes_of_ingress.pop(name, ()):
            del self.routes[route_key]

    def _new_request_series(self, key: RequestKey) -> RequestKey:
        # One place is kept for the overflow series itself.
        if len(self.requests) >= self.max_series - (_OVERFLOW_KEY not in self.requests):
            key = _OVERFLOW_KEY
        if key not in self.requests:
            self.requests[key] = 0
            self._requests_of_ingress.setdefault((key.namespace, key.ingress), []).append(key)
        route_key = RouteKey(key.namespace, key.ingress, key.service)
        if route_key not in self.routes:
            self.routes[route_key] = RouteSeries()
            self._routes_of_ingress.setdefault((key.namespace, key.ingress), []).append(route_key)
        return key


_OVERFLOW_KEY = RequestKey("", OVERFLOW, "", "", "", "")
_OVERFLOW_ROUTE = RouteKey(*_OVERFLOW_KEY[:3])


def status_class(status: int) -> str:
    """Return ``2xx`` for 204, and ``none`` when there was no answer."""
    family = status // 100
    return _STATUS_CLASSES[family] if 0 < family < len(_STATUS_CLASSES) else _STATUS_CLASSES[0]
