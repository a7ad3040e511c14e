"""A record of an exchange, and others that differ a little from it."""

from __future__ import annotations

from typing import Any

from ingressd.telemetry.access_line import AccessLine
from ingressd.telemetry.record import ExchangeRecord

RECORD = ExchangeRecord(
    started=1_700_000_000.0,
    duration_seconds=0.02,
    client="127.0.0.1",
    method="GET",
    scheme="http",
    host="shop.localhost",
    target="/cart",
    status=200,
    origin="shop/web#0/1",
    namespace="shop",
    ingress="web",
    service="cart",
    service_port="80",
    endpoint="127.0.0.1:3000",
    attempts=1,
    bytes_received=10,
    bytes_sent=20,
    upstream_seconds=0.004,
    request_id="0123456789abcdef",
)
"""Of an exchange that an endpoint answered."""

FIELDS = ("started", *(name for name in AccessLine.__struct_fields__ if name != "time"))
"""A line has what a record has, but for the spelling of the time."""


def fields_of(record: ExchangeRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in FIELDS}


def changed(record: ExchangeRecord, **changes: Any) -> ExchangeRecord:
    return ExchangeRecord(**{**fields_of(record), **changes})
