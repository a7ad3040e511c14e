"""The record of an exchange."""

from __future__ import annotations

from ingressd.telemetry.record import ExchangeRecord


def test_an_unrouted_request_has_empty_names() -> None:
    record = ExchangeRecord(
        started=0.0, duration_seconds=0.0, client="", method="GET", scheme="http", host="", target="/", status=404
    )
    assert (record.namespace, record.ingress, record.service, record.origin, record.endpoint) == ("", "", "", "", "")
    assert record.upstream_seconds is None


def test_its_representation_tells_what_it_is_about() -> None:
    record = ExchangeRecord(
        started=0.0,
        duration_seconds=0.0,
        client="",
        method="GET",
        scheme="http",
        host="shop.test",
        target="/",
        status=503,
        reason="no_endpoints",
    )
    assert repr(record) == "ExchangeRecord('GET', 'shop.test', '/', 503, 'no_endpoints')"
