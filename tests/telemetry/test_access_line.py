"""Exchanges as lines of JSON."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.telemetry.access_line import AccessLine, access_line_table, format_access_line
from ingressd.telemetry.log_writer import ATOMIC_BYTES
from ingressd.telemetry.record import ExchangeRecord

RECORD = ExchangeRecord(
    started=1_795_223_397.9291,
    duration_seconds=0.0200000004,
    client="127.0.0.1",
    method="GET",
    scheme="http",
    host="shop.localhost",
    target="/cart?a=1",
    status=200,
    origin="shop/web#0/1",
    upstream_seconds=0.01999999,
)


def test_a_line_holds_the_whole_record() -> None:
    line = format_access_line(RECORD)
    assert "\n" not in line
    expected = msgspec.to_builtins(RECORD)
    del expected["started"]
    assert json.loads(line) == {
        **expected,
        "time": "2026-11-21T01:09:57.929Z",
        "duration_seconds": 0.02,
        "upstream_seconds": 0.02,
    }


def test_it_begins_with_the_time() -> None:
    assert format_access_line(RECORD).startswith('{"time":"2026-11-21T01:09:57.929Z","duration_seconds":0.02,')


def test_without_an_endpoint_s_answer_there_is_no_time_to_it() -> None:
    assert (
        json.loads(format_access_line(msgspec.structs.replace(RECORD, upstream_seconds=None)))["upstream_seconds"]
        is None
    )


def test_every_field_is_documented() -> None:
    rows = access_line_table()
    assert [row.name for row in rows] == list(json.loads(format_access_line(RECORD)))
    assert all(row.meaning for row in rows)
    assert {row.name: row.type for row in rows if row.name in ("status", "upgraded", "upstream_seconds")} == {
        "status": "number",
        "upgraded": "true or false",
        "upstream_seconds": "number or null",
    }


@pytest.mark.parametrize("field", ["target", "host", "method", "detail"])
def test_what_a_client_chose_is_cut_so_that_the_line_can_be_written_in_one_piece(field: str) -> None:
    record = msgspec.structs.replace(RECORD, **{field: "x" * 30_000})
    line = format_access_line(record)
    assert len(line.encode()) < ATOMIC_BYTES
    decoded = msgspec.json.decode(line, type=AccessLine)
    assert getattr(decoded, field).startswith("xxxx")
    assert getattr(decoded, field).endswith("…")
    assert decoded.status == 200


@given(st.text(), st.text(max_size=2000), st.text(max_size=2000))
def test_whatever_a_client_sends_is_one_line_of_json(method: str, host: str, target: str) -> None:
    line = format_access_line(msgspec.structs.replace(RECORD, method=method, host=host, target=target))
    assert "\n" not in line
    assert len(line.encode()) < ATOMIC_BYTES
    msgspec.json.decode(line, type=AccessLine)


def test_text_that_is_no_unicode_is_written_all_the_same() -> None:
    line = format_access_line(msgspec.structs.replace(RECORD, target="/\udce9"))
    assert msgspec.json.decode(line, type=AccessLine).status == 200
