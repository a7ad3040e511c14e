"""What is known of a request while it is served; it becomes one record at the end."""

from __future__ import annotations

import time
from collections.abc import Callable

from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.request_sketch import RequestSketch
from ingressd.routing.route import Route
from ingressd.routing.upstream import Endpoint
from ingressd.telemetry.record import ExchangeRecord

Observer = Callable[[ExchangeRecord], None]


class Progress:
    """Times are of the monotonic clock, in seconds; ``bytes_*`` count body bytes on the client's side."""

    __slots__ = (
        "_clock",
        "_finished",
        "_observers",
        "attempts",
        "bytes_received",
        "bytes_sent",
        "client",
        "endpoint",
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

    def __init__(self, client: str, scheme: str, clock: Callable[[], float], observers: tuple[Observer, ...]) -> None:
        self._clock = clock
        self._observers = observers
        self._finished = False
        self.client = client
        self.scheme = scheme
        self.started = clock()
        self.head: RequestHead | None = None
        self.sketch = RequestSketch()
        self.route: Route | None = None
        self.endpoint: Endpoint | None = None
        self.request_id = ""
        self.attempts = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.upstream_started: float | None = None
        self.upstream_answered: float | None = None
        self.upgraded = False

    def finish(self, status: int, reason: str, detail: str = "") -> None:
        """Tell the observers, once."""
        if self._finished:
            return
        self._finished = True
        record = self._record(status, reason, detail)
        for observe in self._observers:
            observe(record)

    def _record(self, status: int, reason: str, detail: str) -> ExchangeRecord:
        head, route, sketch = self.head, self.route, self.sketch
        duration = self._clock() - self.started
        upstream_seconds = None
        if self.upstream_started is not None and self.upstream_answered is not None:
            upstream_seconds = self.upstream_answered - self.upstream_started
        return ExchangeRecord(
            started=time.time() - duration,
            duration_seconds=duration,
            client=self.client,
            method=head.method if head else sketch.method,
            scheme=self.scheme,
            host=head.authority.text.decode("latin-1") if head else sketch.host,
            target=str(head.target) if head else sketch.target,
            status=status,
            protocol=f"HTTP/{head.version[0]}.{head.version[1]}" if head else "",
            reason=str(reason),
            detail=detail,
            origin=str(route.origin) if route else "",
            namespace=route.origin.namespace if route else "",
            ingress=route.origin.ingress if route else "",
            service=route.service if route else "",
            service_port=route.service_port if route else "",
            endpoint=str(self.endpoint) if self.endpoint else "",
            attempts=self.attempts,
            bytes_received=self.bytes_received,
            bytes_sent=self.bytes_sent,
            upstream_seconds=upstream_seconds,
            request_id=self.request_id,
            upgraded=self.upgraded,
        )
