"""The request line of dev."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.telemetry.record import ExchangeRecord
from ingressd.telemetry.request_line import MAX_URL_LENGTH, format_milliseconds, format_request_line, printable
from tests.support.records import RECORD, changed

ROUTED = changed(RECORD, duration_seconds=0.0032, host="shop.localhost:8080", target="/cart?id=1")
UNROUTED = ExchangeRecord(
    started=1_700_000_000.0,
    duration_seconds=0.0001,
    client="127.0.0.1",
    method="DELETE",
    scheme="https",
    host="nowhere.localhost",
    target="/",
    status=404,
    reason="no_host",
)


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (ROUTED, "GET     http://shop.localhost:8080/cart?id=1 200 shop/web#0/1 → cart:80 at 127.0.0.1:3000 3.2 ms"),
        (UNROUTED, "DELETE  https://nowhere.localhost/ 404 no_host 0.1 ms"),
        (
            changed(ROUTED, status=503, reason="no_endpoints", endpoint="", attempts=0),
            "GET     http://shop.localhost:8080/cart?id=1 503 no_endpoints shop/web#0/1 → cart:80 3.2 ms",
        ),
        (
            changed(ROUTED, status=101, upgraded=True, duration_seconds=61.0),
            "GET     http://shop.localhost:8080/cart?id=1 101 upgraded "
            "shop/web#0/1 → cart:80 at 127.0.0.1:3000 61000 ms",
        ),
        (
            changed(ROUTED, attempts=2),
            "GET     http://shop.localhost:8080/cart?id=1 200 after 2 attempts "
            "shop/web#0/1 → cart:80 at 127.0.0.1:3000 3.2 ms",
        ),
        (
            changed(UNROUTED, method="", host="", target="", status=400, reason="malformed_request"),
            "-       - 400 malformed_request 0.1 ms",
        ),
        (
            changed(UNROUTED, method="FOO", status=400, reason="malformed_request", detail="no\n"),
            "FOO     https://nowhere.localhost/ 400 malformed_request (no\\n) 0.1 ms",
        ),
        (changed(UNROUTED, host=""), "DELETE  https://-/ 404 no_host 0.1 ms"),
        (
            changed(ROUTED, status=0),
            "GET     http://shop.localhost:8080/cart?id=1 client left shop/web#0/1 → cart:80 at 127.0.0.1:3000 3.2 ms",
        ),
    ],
)
def test_lines(record: ExchangeRecord, line: str) -> None:
    assert format_request_line(record) == line


def test_colours_when_asked() -> None:
    assert format_request_line(UNROUTED, colours=True) == (
        "DELETE  https://nowhere.localhost/ \x1b[33m404\x1b[0m no_host \x1b[2m0.1 ms\x1b[0m"
    )


def test_a_long_url_is_cut() -> None:
    line = format_request_line(changed(UNROUTED, target="/" + "a" * 5000))
    assert "a…" in line
    assert len(line) < MAX_URL_LENGTH + 60


@given(method=st.text(max_size=20), host=st.text(max_size=30), target=st.text(max_size=30))
def test_no_request_can_forge_a_line_or_move_the_cursor(method: str, host: str, target: str) -> None:
    line = format_request_line(changed(ROUTED, method=method, host=host, target=target))
    assert line.isprintable()
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [("/café", "/café"), ("\x1b[2J", "\\x1b[2J"), ("a\nb", "a\\nb"), ("\udce9", "\\udce9"), ("\u202e", "\\u202e")],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0.0 ms"), (0.00994, "9.9 ms"), (0.00999, "10 ms"), (1.5, "1500 ms")]
)
def test_milliseconds(seconds: float, text: str) -> None:
    assert format_milliseconds(seconds) == text
