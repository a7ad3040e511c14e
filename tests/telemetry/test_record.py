"""The record of an exchange."""

from __future__ import annotations

import msgspec

from ingressd.telemetry.record import ExchangeRecord


def test_a_record_is_plain_data() -> None:
    record = ExchangeRecord(
        started=1_700_000_000.5,
        duration_seconds=0.25,
        client="127.0.0.1",
        method="GET",
        scheme="http",
        host="shop.localhost",
        target="/",
        status=503,
        reason="no_endpoints",
    )
    assert msgspec.json.decode(msgspec.json.encode(record), type=ExchangeRecord) == record


def test_an_unrouted_request_has_empty_names() -> None:
    record = ExchangeRecord(
        started=0.0, duration_seconds=0.0, client="", method="GET", scheme="http", host="", target="/", status=404
    )
    assert (record.namespace, record.ingress, record.service, record.origin, record.endpoint) == ("", "", "", "", "")
    assert record.upstream_seconds is None
