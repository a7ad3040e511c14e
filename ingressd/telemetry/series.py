"""What is counted, as plain data: labels, histograms, and what one process gives to another."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

BUCKET_BOUNDS_SECONDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


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
