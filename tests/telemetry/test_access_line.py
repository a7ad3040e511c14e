"""Exchanges as lines of JSON."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.telemetry.access_line import format_access_line
from ingressd.telemetry.log_writer import ATOMIC_BYTES
from ingressd.telemetry.record import ExchangeRecord

RECORD = ExchangeRecord(
    started=1_700_000_000.5,
    duration_seconds=0.02,
    client="127.0.0.1",
    method="GET",
    scheme="http",
    host="shop.localhost",
    target="/cart?a=1",
    status=200,
    origin="shop/web#0/1",
)


def test_a_line_holds_the_whole_record() -> None:
    line = format_access_line(RECORD)
    assert "\n" not in line
    assert msgspec.json.decode(line, type=ExchangeRecord) == RECORD


@pytest.mark.parametrize("field", ["target", "host", "method", "detail"])
def test_what_a_client_chose_is_cut_so_that_the_line_can_be_written_in_one_piece(field: str) -> None:
    record = msgspec.structs.replace(RECORD, **{field: "x" * 30_000})
    line = format_access_line(record)
    assert len(line.encode()) < ATOMIC_BYTES
    decoded = msgspec.json.decode(line, type=ExchangeRecord)
    assert getattr(decoded, field).startswith("xxxx")
    assert getattr(decoded, field).endswith("…")
    assert decoded.status == 200


@given(st.text(), st.text(max_size=2000), st.text(max_size=2000))
def test_whatever_a_client_sends_is_one_line_of_json(method: str, host: str, target: str) -> None:
    line = format_access_line(msgspec.structs.replace(RECORD, method=method, host=host, target=target))
    assert "\n" not in line
    assert len(line.encode()) < ATOMIC_BYTES
    msgspec.json.decode(line, type=ExchangeRecord)


def test_text_that_is_no_unicode_is_written_all_the_same() -> None:
    line = format_access_line(msgspec.structs.replace(RECORD, target="/\udce9"))
    assert msgspec.json.decode(line, type=ExchangeRecord).status == 200
