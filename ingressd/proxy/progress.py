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


class Recorder:
    """Counts what is in flight, and tells the observers of what has ended."""

    def __init__(self, clock: Callable[[], float], observers: tuple[Observer, ...]) -> None:
        self.clock = clock
        self._observers = observers
        self.in_flight = 0
        self.tunnels = 0

    def begin(
        self, client: str, scheme: str, head: RequestHead | None, sketch: RequestSketch | None = None
    ) -> Progress:
        self.in_flight += 1
        return Progress(self, client, scheme, head, sketch)

    def end(self, progress: Progress, status: int, reason: str, detail: str) -> None:
        """To be called by ``Progress.finish``."""
        self.in_flight -= 1
        self.tunnels -= progress.upgraded
        record = progress.record(status, reason, detail)
        for observe in self._observers:
            observe(record)


class Progress:
    """Times are of the monotonic clock, in seconds; ``bytes_*`` count body bytes on the client's side."""

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
        self._recorder = recorder
        self.finished = False
        self.client = client
        self.scheme = scheme
        self.started = recorder.clock()
        self.head = head
        self.sketch = sketch
        self.route: Route | None = None
        self.endpoint: Endpoint | None = None
        self.request_id = ""
        self.attempts = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.upstream_started: float | None = None
        self.upstream_answered: float | None = None
        self.upgraded = False

    def begin_tunnel(self) -> None:
        self.upgraded = True
        self._recorder.tunnels += 1

    def finish(self, status: int, reason: str, detail: str = "") -> None:
        """Tell the recorder, once."""
        if not self.finished:
            self.finished = True
            self._recorder.end(self, status, reason, detail)

    def record(self, status: int, reason: str, detail: str) -> ExchangeRecord:
        head, route, sketch = self.head, self.route, self.sketch or RequestSketch()
        duration = self._recorder.clock() - self.started
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
