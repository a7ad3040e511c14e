"""Plain numbers, added to once for each exchange: no lock, no metrics library, no I/O on the way of a request.

series      the numbers that share one set of labels
overflow    the one series that takes what comes after the bound on series is reached
tally       what was counted for one set of labels since somebody last looked at the series
delta       what was counted since it was last taken, to be added to the counters of another process
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingressd.telemetry.record import ExchangeRecord
from ingressd.telemetry.series import BUCKET_BOUNDS_SECONDS, Histogram, MetricsDelta, RequestKey, RouteKey, RouteSeries

if TYPE_CHECKING:
    from mypy_extensions import i64

MAX_SERIES: Final = 20_000
MAX_TALLIES: Final = 1024

KNOWN_METHODS: Final = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")  # RFC 9110, RFC 5789
)
OTHER_METHOD: Final = "OTHER"
OVERFLOW = "_overflow"
"""The ``ingress`` label of the overflow series: not a name that Kubernetes allows."""

_BOUNDS: Final[list[float]] = list(BUCKET_BOUNDS_SECONDS)
"""Compiled, a list of this module is read without a detour."""
_STATUS_CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class Tally:
    """One series of requests while it is counted: compiled, its numbers are no Python objects."""

    __slots__ = (
        "_attempts",
        "_bytes_received",
        "_bytes_sent",
        "_duration_buckets",
        "_duration_seconds",
        "_retries",
        "_upstream_buckets",
        "_upstream_seconds",
        "count",
    )

    def __init__(self) -> None:
        self.count = 0
        self._attempts = 0
        self._retries = 0
        self._bytes_received = 0
        self._bytes_sent = 0
        self._duration_buckets = [0] * (len(BUCKET_BOUNDS_SECONDS) + 1)
        self._duration_seconds = 0.0
        self._upstream_buckets = [0] * (len(BUCKET_BOUNDS_SECONDS) + 1)
        self._upstream_seconds = 0.0

    def add(
        self,
        duration_seconds: float,
        bytes_received: int,
        bytes_sent: int,
        attempts: int,
        upstream_seconds: float | None,
    ) -> None:
        self.count += 1
        self._attempts += attempts
        if attempts > 1:
            self._retries += attempts - 1
        self._bytes_received += bytes_received
        self._bytes_sent += bytes_sent
        self._duration_buckets[_bucket(duration_seconds)] += 1
        self._duration_seconds += duration_seconds
        if upstream_seconds is not None:
            self._upstream_buckets[_bucket(upstream_seconds)] += 1
            self._upstream_seconds += upstream_seconds

    def series(self) -> RouteSeries:
        return RouteSeries(
            attempts=self._attempts,
            retries=self._retries,
            bytes_received=self._bytes_received,
            bytes_sent=self._bytes_sent,
            duration=Histogram(self._duration_buckets, self._duration_seconds),
            upstream=Histogram(self._upstream_buckets, self._upstream_seconds),
        )


def _bucket(seconds: float) -> int:
    """Return the index of the first bound that is not below ``seconds``: nearly always one of the first."""
    bounds = _BOUNDS
    index: i64 = 0
    while index < len(bounds) and seconds > bounds[index]:
        index += 1
    return index


class Metrics:
    """The counters of one process.

    There are at most ``max_series`` request series; exchanges that would need another one are counted in the
    overflow series, so that the totals stay right.
    """

    __slots__ = (
        "_requests",
        "_requests_of_ingress",
        "_routes",
        "_routes_of_ingress",
        "_tallies",
        "max_series",
    )

    def __init__(self, *, max_series: int = MAX_SERIES) -> None:
        if max_series < 1:
            raise ValueError("there must be room for the overflow series")
        self.max_series = max_series
        self._tallies: dict[tuple[str, str, str, str, str, str], Tally] = {}
        self._requests: dict[RequestKey, int] = {}
        self._routes: dict[RouteKey, RouteSeries] = {}
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
        key = (
            route_labels[0],
            route_labels[1],
            route_labels[2],
            method if method in KNOWN_METHODS else OTHER_METHOD,
            status_class(status),
            reason,
        )
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) == MAX_TALLIES:
                self._settle()
            tally = self._tallies[key] = Tally()
        tally.add(duration_seconds, bytes_received, bytes_sent, attempts, upstream_seconds)

    @property
    def requests(self) -> dict[RequestKey, int]:
        self._settle()
        return self._requests

    @property
    def routes(self) -> dict[RouteKey, RouteSeries]:
        self._settle()
        return self._routes

    def _settle(self) -> None:
        """Add what has been tallied since the last time to the series."""
        tallies, self._tallies = self._tallies, {}
        for labels, tally in tallies.items():
            key = RequestKey(*labels)
            if key not in self._requests:
                key = self._new_request_series(key)
            self._requests[key] += tally.count
            self._routes[RouteKey(key.namespace, key.ingress, key.service)].add(tally.series())

    def take(self) -> MetricsDelta:
        """Give away everything counted so far, and start again from nothing."""
        self._settle()
        taken = MetricsDelta(tuple(self._requests.items()), tuple(self._routes.items()))
        self._requests = {}
        self._routes = {}
        self._requests_of_ingress = {}
        self._routes_of_ingress = {}
        return taken

    def add(self, delta: MetricsDelta) -> None:
        """Add what another process has counted; no total is lost where series are.

        A delta may name an Ingress that was forgotten: whoever forgets does so again before the series are read.
        """
        self._settle()
        for request_key, count in delta.requests:
            key = request_key if request_key in self._requests else self._new_request_series(request_key)
            self._requests[key] += count
        for route_key, series in delta.routes:
            # A route has no series of its own here when none of its requests found room.
            self._routes[route_key if route_key in self._routes else _OVERFLOW_ROUTE].add(series)

    def ingresses(self) -> tuple[tuple[str, str], ...]:
        """Return the namespace and name of every Ingress that has series; empty texts stand for none."""
        self._settle()
        return tuple(self._requests_of_ingress)

    def forget(self, namespace: str, ingress: str) -> None:
        """Drop the series of an Ingress that no longer exists; nothing happens when it has none."""
        self._settle()
        name = (namespace, ingress)
        for request_key in self._requests_of_ingress.pop(name, ()):
            del self._requests[request_key]
        for route_key in self._routes_of_ingress.pop(name, ()):
            del self._routes[route_key]

    def _new_request_series(self, key: RequestKey) -> RequestKey:
        # One place is kept for the overflow series itself.
        if len(self._requests) >= self.max_series - (_OVERFLOW_KEY not in self._requests):
            key = _OVERFLOW_KEY
        if key not in self._requests:
            self._requests[key] = 0
            self._requests_of_ingress.setdefault((key.namespace, key.ingress), []).append(key)
        route_key = RouteKey(key.namespace, key.ingress, key.service)
        if route_key not in self._routes:
            self._routes[route_key] = RouteSeries()
            self._routes_of_ingress.setdefault((key.namespace, key.ingress), []).append(route_key)
        return key


_OVERFLOW_KEY = RequestKey("", OVERFLOW, "", "", "", "")
_OVERFLOW_ROUTE = RouteKey(*_OVERFLOW_KEY[:3])


def status_class(status: int) -> str:
    """Return ``2xx`` for 204, and ``none`` when there was no answer."""
    family = status // 100
    return _STATUS_CLASSES[family] if 0 < family < len(_STATUS_CLASSES) else _STATUS_CLASSES[0]
