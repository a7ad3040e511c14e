"""Exchanges as lines of JSON."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.telemetry import access_log
from ingressd.telemetry.access_line import AccessLine
from ingressd.telemetry.access_log import CUT, AccessLog
from ingressd.telemetry.log_writer import ATOMIC_BYTES
from ingressd.telemetry.record import ExchangeRecord
from ingressd.telemetry.timestamp import timestamp
from tests.support.records import RECORD, changed, fields_of

ENDED = changed(
    RECORD,
    started=1_795_223_397.9291,
    duration_seconds=0.0200000004,
    target="/cart?a=1",
    upstream_seconds=0.01999999,
)

SHORT_TEXTS = st.text(max_size=12) | st.binary(max_size=12).map(lambda data: data.decode("latin-1"))
SECONDS = st.floats(0, 1e6)
TEXTS = ("client", "method", "scheme", "host", "target", "protocol", "reason", "detail", "endpoint", "request_id")
ROUTE_TEXTS = ("origin", "namespace", "ingress", "service", "service_port")
NUMBERS = ("status", "attempts", "bytes_received", "bytes_sent")


def line_of(record: ExchangeRecord) -> bytes:
    return AccessLog(lambda line: None).line(record)


def test_a_finished_exchange_is_written() -> None:
    lines: list[bytes] = []
    AccessLog(lines.append).finished(ENDED)
    assert lines == [line_of(ENDED)]


def test_a_line_holds_the_whole_record() -> None:
    expected = fields_of(ENDED)
    del expected["started"]
    assert json.loads(line_of(ENDED)) == {
        **expected,
        "time": "2026-11-21T01:09:57.929Z",
        "duration_seconds": 0.02,
        "upstream_seconds": 0.02,
    }


def test_it_begins_with_the_time() -> None:
    assert line_of(ENDED).startswith(b'{"time":"2026-11-21T01:09:57.929Z","duration_seconds":0.020000,')


def test_without_an_endpoint_s_answer_there_is_no_time_to_it() -> None:
    assert json.loads(line_of(changed(ENDED, upstream_seconds=None)))["upstream_seconds"] is None


@given(
    st.fixed_dictionaries(
        {
            **dict.fromkeys((*TEXTS, *ROUTE_TEXTS), SHORT_TEXTS),
            **dict.fromkeys(NUMBERS, st.integers(0, 1 << 50)),
            "duration_seconds": SECONDS,
            "upstream_seconds": st.none() | SECONDS,
            "started": st.floats(0, 4e9),
            "upgraded": st.booleans(),
        }
    )
)
def test_whatever_a_record_holds_can_be_read_from_its_line(fields: dict[str, object]) -> None:
    record = changed(RECORD, **fields)
    line = line_of(record)
    assert b"\n" not in line
    read = json.loads(line)
    assert {name: read[name] for name in (*NUMBERS, "upgraded")} == {
        name: fields[name] for name in (*NUMBERS, "upgraded")
    }
    for name in (*TEXTS, *ROUTE_TEXTS):
        assert read[name] == str(fields[name]).encode("utf-8", "replace").decode("utf-8")
    assert read["duration_seconds"] == pytest.approx(fields["duration_seconds"], abs=6e-7)
    if fields["upstream_seconds"] is None:
        assert read["upstream_seconds"] is None
    else:
        assert read["upstream_seconds"] == pytest.approx(fields["upstream_seconds"], abs=6e-7)
    assert read["time"] == timestamp(record.started)


@pytest.mark.parametrize("field", CUT)
def test_what_a_client_chose_is_cut_so_that_the_line_can_be_written_in_one_piece(field: str) -> None:
    line = line_of(changed(ENDED, **{field: "x" * 30_000}))
    assert len(line) < ATOMIC_BYTES
    decoded = msgspec.json.decode(line, type=AccessLine)
    assert getattr(decoded, field).startswith("xxxx")
    assert getattr(decoded, field).endswith("…")
    assert decoded.status == 200


def test_no_line_is_cut_that_can_be_written_in_one_piece() -> None:
    room = ATOMIC_BYTES - 1 - len(line_of(changed(ENDED, target="")))
    fitting, longer = line_of(changed(ENDED, target="/" * room)), line_of(changed(ENDED, target="/" * (room + 1)))
    assert len(fitting) == ATOMIC_BYTES - 1
    assert json.loads(fitting)["target"] == "/" * room
    assert json.loads(longer)["target"].endswith("…")


@given(st.text(), st.text(max_size=2000), st.text(max_size=2000))
def test_whatever_a_client_sends_is_one_line_of_json(method: str, host: str, target: str) -> None:
    line = line_of(changed(ENDED, method=method, host=host, target=target))
    assert b"\n" not in line
    assert len(line) < ATOMIC_BYTES
    msgspec.json.decode(line, type=AccessLine)


def test_text_that_is_no_unicode_is_written_all_the_same() -> None:
    assert json.loads(line_of(changed(ENDED, target="/\udce9")))["target"] == "/?"


def test_a_route_whose_service_changes_is_another() -> None:
    log = AccessLog(lambda line: None)
    services = [json.loads(log.line(changed(ENDED, service=name)))["service"] for name in ("cart", "shop", "cart")]
    assert services == ["cart", "shop", "cart"]


def test_more_routes_than_are_remembered_are_written_all_the_same() -> None:
    log = AccessLog(lambda line: None)
    numbers = [*range(access_log.MAX_ROUTES + 2), 0]
    assert [json.loads(log.line(changed(ENDED, origin=f"shop/web#0/{n}")))["origin"] for n in numbers] == [
        f"shop/web#0/{n}" for n in numbers
    ]
