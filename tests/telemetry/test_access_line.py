"""The documentation of the fields."""

from __future__ import annotations

import json

from ingressd.telemetry.access_line import access_line_table
from ingressd.telemetry.access_log import AccessLog
from ingressd.telemetry.record import ExchangeRecord


def test_every_field_is_documented_in_its_place() -> None:
    record = ExchangeRecord(
        started=0.0, duration_seconds=0.0, client="", method="GET", scheme="http", host="", target="/", status=404
    )
    rows = access_line_table()
    assert [row.name for row in rows] == list(json.loads(AccessLog(lambda line: None).line(record)))
    assert all(row.meaning for row in rows)
    assert {row.name: row.type for row in rows if row.name in ("status", "upgraded", "upstream_seconds")} == {
        "status": "number",
        "upgraded": "true or false",
        "upstream_seconds": "number or null",
    }
