"""One exchange, as plain data."""

from __future__ import annotations

from typing import Final


class ExchangeRecord:
    """What metrics, logs and traces are made from; one for each request, when its last byte has gone.

    ``started`` is wall-clock time in seconds since 1970-01-01 UTC. ``host`` and ``target`` are what the client sent:
    whoever prints them escapes them. They and ``method`` are empty for a request that could not be read. ``status``
    is 0 when no answer began. ``reason`` is empty when the upstream answered, and otherwise the code that says why
    ingressd did (``no_endpoints``); ``detail`` says more in words. ``origin`` names the rule (``shop/web#0/1``); it,
    ``namespace``, ``ingress``, ``service`` and ``service_port`` are empty when no route matched. ``endpoint`` is the
    last one tried, ``attempts`` how many tries there were. ``bytes_received`` and ``bytes_sent`` count body bytes on
    the client's side. ``upstream_seconds`` runs from the first try to the head of the answer; None when no head came.
    """

    __slots__ = (
        "attempts",
        "bytes_received",
        "bytes_sent",
        "client",
        "detail",
        "duration_seconds",
        "endpoint",
        "host",
        "ingress",
        "method",
        "namespace",
        "origin",
        "protocol",
        "reason",
        "request_id",
        "scheme",
        "service",
        "service_port",
        "started",
        "status",
        "target",
        "upgraded",
        "upstream_seconds",
    )

    def __init__(
        self,
        *,
        started: float,
        duration_seconds: float,
        client: str,
        method: str,
        scheme: str,
        host: str,
        target: str,
        status: int,
        protocol: str = "HTTP/1.1",
        reason: str = "",
        detail: str = "",
        origin: str = "",
        namespace: str = "",
        ingress: str = "",
        service: str = "",
        service_port: str = "",
        endpoint: str = "",
        attempts: int = 0,
        bytes_received: int = 0,
        bytes_sent: int = 0,
        upstream_seconds: float | None = None,
        request_id: str = "",
        upgraded: bool = False,
    ) -> None:
        self.started: Final = started
        self.duration_seconds: Final = duration_seconds
        self.client: Final = client
        self.method: Final = method
        self.scheme: Final = scheme
        self.host: Final = host
        self.target: Final = target
        self.status: Final = status
        self.protocol: Final = protocol
        self.reason: Final = reason
        self.detail: Final = detail
        self.origin: Final = origin
        self.namespace: Final = namespace
        self.ingress: Final = ingress
        self.service: Final = service
        self.service_port: Final = service_port
        self.endpoint: Final = endpoint
        self.attempts: Final = attempts
        self.bytes_received: Final = bytes_received
        self.bytes_sent: Final = bytes_sent
        self.upstream_seconds: Final = upstream_seconds
        self.request_id: Final = request_id
        self.upgraded: Final = upgraded

    def __repr__(self) -> str:
        return f"ExchangeRecord({self.method!r}, {self.host!r}, {self.target!r}, {self.status}, {self.reason!r})"
