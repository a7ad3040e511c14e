"""One exchange, as plain data."""

from __future__ import annotations

import msgspec


class ExchangeRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What metrics, logs and traces are made from; one for each request, when its last byte has gone.

    ``started`` is wall-clock time in seconds since 1970-01-01 UTC. ``host`` and ``target`` are what the client sent:
    whoever prints them escapes them. They and ``method`` are empty for a request that could not be read. ``status``
    is 0 when no answer began. ``reason`` is empty when the upstream answered, and otherwise the code that says why
    ingressd did (``no_endpoints``); ``detail`` says more in words. ``origin`` names the rule (``shop/web#0/1``); it,
    ``namespace``, ``ingress``, ``service`` and ``service_port`` are empty when no route matched. ``endpoint`` is the
    last one tried, ``attempts`` how many tries there were. ``bytes_received`` and ``bytes_sent`` count body bytes on
    the client's side. ``upstream_seconds`` runs from the first try to the head of the answer; None when no head came.
    """

    started: float
    duration_seconds: float
    client: str
    method: str
    scheme: str
    host: str
    target: str
    status: int
    protocol: str = "HTTP/1.1"
    reason: str = ""
    detail: str = ""
    origin: str = ""
    namespace: str = ""
    ingress: str = ""
    service: str = ""
    service_port: str = ""
    endpoint: str = ""
    attempts: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    upstream_seconds: float | None = None
    request_id: str = ""
    upgraded: bool = False
