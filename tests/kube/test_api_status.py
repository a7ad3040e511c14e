from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ingressd.kube.api_error import ApiFault
from ingressd.kube.api_status import error_of_answer, error_of_event, fault_of, retry_after_seconds

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (400, ApiFault.REFUSED),
        (401, ApiFault.UNAUTHORIZED),
        (403, ApiFault.FORBIDDEN),
        (404, ApiFault.NOT_FOUND),
        (409, ApiFault.CONFLICT),
        (410, ApiFault.EXPIRED),
        (422, ApiFault.REFUSED),
        (429, ApiFault.THROTTLED),
        (500, ApiFault.SERVER),
        (503, ApiFault.SERVER),
        (302, ApiFault.REFUSED),
    ],
)
def test_every_status_has_a_fault(status: int, fault: ApiFault) -> None:
    assert fault_of(status) is fault


def test_the_text_of_the_server_is_kept() -> None:
    said = json.dumps({"kind": "Status", "code": 403, "message": 'secrets is forbidden: User "x" cannot list'}).encode()
    error = error_of_answer("GET /api/v1/secrets", 403, {}, said, NOW)
    assert str(error) == (
        'The API server answered 403 to GET /api/v1/secrets: secrets is forbidden: User "x" cannot list'
    )
    assert (error.fault, error.status, error.retry_after_seconds) == (ApiFault.FORBIDDEN, 403, None)


def test_a_page_of_a_load_balancer_becomes_one_short_line() -> None:
    page = b"<html>\r\n<head>\n" + b"502 Bad Gateway " * 1000
    error = error_of_answer("GET /readyz", 502, {}, page, NOW)
    assert "\n" not in str(error)
    assert len(str(error)) < 600
    assert "502 Bad Gateway" in str(error)


def test_an_empty_answer_needs_no_colon() -> None:
    assert str(error_of_answer("GET /x", 500, {}, b"", NOW)) == "The API server answered 500 to GET /x."


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        (" 3 ", 3.0),
        ("0", 0.0),
        ("999999999999", 300.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 12:00:30 -0000", 30.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_seconds(text, NOW) == seconds


def test_the_header_wins_over_the_status() -> None:
    said = b'{"details": {"retryAfterSeconds": 9}}'
    assert error_of_answer("GET /x", 429, {"Retry-After": "2"}, said, NOW).retry_after_seconds == 2.0
    assert error_of_answer("GET /x", 429, {}, said, NOW).retry_after_seconds == 9.0


def test_what_the_server_repeats_of_an_author_is_one_line_and_moves_no_cursor() -> None:
    said = json.dumps({"message": "é \x1b[2Jno\n2026-11-21 ERROR forged"}).encode()
    error = error_of_answer("GET /x", 500, {}, said, NOW)
    assert str(error) == "The API server answered 500 to GET /x: é \\x1b[2Jno 2026-11-21 ERROR forged"
    assert str(error_of_event(said)).endswith(": é \\x1b[2Jno 2026-11-21 ERROR forged")
