"""What is known of a request while it is served; it becomes one record at the end."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Final

from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_sketch import RequestSketch
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.route import Route
from ingressd.telemetry.metrics import Metrics
from ingressd.telemetry.record import ExchangeRecord

MAX_NAMES = 4096

Observer = Callable[[ExchangeRecord], None]


class Recorder:
    """Counts what is in flight and what has ended, and tells the observers, if there are any, of what has ended."""

    def __init__(self, clock: Callable[[], float], metrics: Metrics | None, observers: tuple[Observer, ...]) -> None:
        self.clock = clock
        self._metrics = metrics
        self._observers = observers
        # The names of routes and endpoints are put together once, and not for each exchange.
        self.name: Final[Callable[[object], str]] = functools.lru_cache(MAX_NAMES)(str)
        self.in_flight = 0
        self.tunnels = 0

    def end(self, progress: Progress, status: int, reason: str, detail: str, now: float) -> None:
        """To be called by ``Progress.finish``."""
        self.in_flight -= 1
        self.tunnels -= progress.upgraded
        duration = (now or self.clock()) - progress.started
        if self._metrics is not None:
            self._count(self._metrics, progress, status, reason, duration)
        if self._observers:
            record = progress.record(status, reason, detail, duration)
            for observe in self._observers:
                observe(record)

    @staticmethod
    def _count(metrics: Metrics, progress: Progress, status: int, reason: str, duration: float) -> None:
        route, head, sketch = progress.route, progress.head, progress.sketch
        metrics.count_exchange(
            route.labels if route is not None else NO_ROUTE,
            head.method if head is not None else sketch.method if sketch is not None else "",
            status,
            reason,
            duration_seconds=duration,
            bytes_received=progress.bytes_received,
            bytes_sent=progress.bytes_sent,
            attempts=progress.attempts,
            upstream_seconds=progress.upstream_seconds,
        )


NO_ROUTE = ("", "", "")
NO_SKETCH: Final = RequestSketch()


class Progress:
    """Is in flight from when it is made until it is finished. ``request_id`` is one short ASCII token.

    Times are of the monotonic clock, in seconds; ``bytes_*`` count body bytes on the client's side."""

    __slots__ = (
        "_recorder",
        "attempts",
        "bytes_received",
        "bytes_sent",
        "client",
        "endpoint",
        "finished",
        "head",
        "request_id",
        "route",
        "scheme",
        "sketch",
        "started",
        "upgraded",
        "upstream_answered",
        "upstream_started",
    )

    def __init__(
        self,
        recorder: Recorder,
        client: str,
        scheme: str,
        head: RequestHead | None,
        sketch: RequestSketch | None = None,
    ) -> None:
        recorder.in_flight += 1
        self._recorder = recorder
        self.finished = False
        self.client = client
        self.scheme = scheme
        self.started = recorder.clock()
        self.head = head
        self.sketch = sketch
        self.route: Route | None = None
        self.endpoint: Endpoint | None = None
        self.request_id = b""
        self.attempts = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.upstream_started: float | None = None
        self.upstream_answered: float | None = None
        self.upgraded = False

    def begin_tunnel(self) -> None:
        self.upgraded = True
        self._recorder.tunnels += 1

    def finish(self, status: int, reason: str, detail: str = "", now: float = 0.0) -> None:
        """Tell the recorder, once. ``now`` where the time is known."""
        if not self.finished:
            self.finished = True
            self._recorder.end(self, status, reason, detail, now)

    @property
    def upstream_seconds(self) -> float | None:
        """From the first try to the head of the answer; None when no head came."""
        if self.upstream_started is None or self.upstream_answered is None:
            return None
        return self.upstream_answered - self.upstream_started

    def record(self, status: int, reason: str, detail: str, duration: float) -> ExchangeRecord:
        head, route, endpoint = self.head, self.route, self.endpoint
        origin = route.origin if route is not None else None
        sketch = self.sketch if self.sketch is not None else NO_SKETCH
        return ExchangeRecord(
            started=time.time() - duration,
            duration_seconds=duration,
            client=self.client,
            method=head.method if head is not None else sketch.method,
            scheme=self.scheme,
            host=head.authority.text.decode("latin-1") if head is not None else sketch.host,
            target=str(head.target) if head is not None else sketch.target,
            status=status,
            protocol=_protocol(head.version) if head is not None else "",
            reason=str(reason),
            detail=detail,
            origin=self._recorder.name(origin) if origin is not None else "",
            namespace=origin.namespace if origin is not None else "",
            ingress=origin.ingress if origin is not None else "",
            service=route.service if route is not None else "",
            service_port=route.service_port if route is not None else "",
            endpoint=self._recorder.name(endpoint) if endpoint is not None else "",
            attempts=self.attempts,
            bytes_received=self.bytes_received,
            bytes_sent=self.bytes_sent,
            upstream_seconds=self.upstream_seconds,
            request_id=self.request_id.decode("ascii"),
            upgraded=self.upgraded,
        )


def _protocol(version: tuple[int, int]) -> str:
    return "HTTP/1.1" if version == (1, 1) else f"HTTP/{version[0]}.{version[1]}"
