from __future__ import annotations

import msgspec
import pytest
from multidict import CIMultiDict

from ingressd.proxy.answers import (
    BY_LENGTH,
    CHUNKED,
    UNTIL_END,
    WITHOUT_BODY,
    AnswerFraming,
    answer_fields,
    answer_framing,
    answer_head,
    failure_page,
    hint_for,
    prefers_json,
    relayed_head,
)
from ingressd.proxy.failures import ANSWERS, Failure, Reason
from ingressd.proxy.request_head import RequestHead, parse_request_head
from ingressd.proxy.request_line import HeadLimits
from ingressd.proxy.response_head import ResponseHead, parse_response_head
from ingressd.routing.upstream import Unavailable


def request(method: bytes = b"GET", version: bytes = b"1.1") -> RequestHead:
    return parse_request_head(b"%b /a%%20b HTTP/%b\r\nHost: h\r\n\r\n" % (method, version), HeadLimits())


def response(*lines: bytes, status: bytes = b"200 OK", method: str = "GET") -> ResponseHead:
    return parse_response_head(b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", b""]), method)


def test_every_reason_has_an_answer() -> None:
    assert set(ANSWERS) == set(Reason)
    assert {unavailable.value for unavailable in Unavailable} <= {reason.value for reason in Reason}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_failure_has_a_page_in_both_languages(reason: Reason) -> None:
    failure = Failure(reason, "a detail with <markup>")
    page = failure_page(failure, b"text/html", "a <hint>", "id-1")
    text = page.body.decode()
    assert page.content_type == "text/html; charset=utf-8"
    assert str(failure.answer.status) in text
    assert reason.value in text
    assert "A detail with &lt;markup&gt;." in text
    assert "a &lt;hint&gt;" in text
    document = msgspec.json.decode(failure_page(failure, b"application/json", "a <hint>", "id-1").body)
    assert document == {
        "status": failure.answer.status,
        "reason": reason.value,
        "message": failure.answer.sentence,
        "detail": "a detail with <markup>",
        "hint": "a <hint>",
        "request_id": "id-1",
    }


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        (b"", False),
        (b"*/*", False),
        (b"application/json", True),
        (b"Application/JSON;q=0.9, text/html", True),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        (b"application/problem+json", True),
    ],
)
def test_json_is_for_who_asks_for_it(accept: bytes, json: bool) -> None:
    assert prefers_json(accept) is json


def test_a_hint_fills_its_blanks_and_a_braced_host_changes_nothing() -> None:
    hints = {Reason.NO_PATH: "try {host}{path}"}
    assert hint_for(Failure(Reason.NO_PATH), request(), None, None, hints) == "try h/a%20b"
    assert hint_for(Failure(Reason.NO_HOST), request(), None, None, hints) == ""
    assert hint_for(Failure(Reason.NO_PATH), None, None, None, hints) == "try "


@pytest.mark.parametrize(
    ("asked", "answered", "framing"),
    [
        (request(), response(b"Content-Length: 3"), BY_LENGTH),
        (request(), response(b"Transfer-Encoding: chunked"), CHUNKED),
        (request(), response(), CHUNKED),
        (request(version=b"1.0"), response(), UNTIL_END),
        (request(version=b"1.0"), response(b"Transfer-Encoding: chunked"), UNTIL_END),
        (request(b"HEAD"), response(b"Content-Length: 3", method="HEAD"), WITHOUT_BODY),
        (request(), response(status=b"204 No Content"), WITHOUT_BODY),
        (request(), response(b"Content-Length: 9", status=b"304 Not Modified"), WITHOUT_BODY),
    ],
)
def test_how_the_client_learns_the_end(asked: RequestHead, answered: ResponseHead, framing: AnswerFraming) -> None:
    assert answer_framing(asked, answered) is framing


def test_server_and_date_are_added_where_they_miss() -> None:
    fields = answer_fields(response(b"Content-Length: 3"), "today")
    assert dict(fields) == {"Content-Length": "3", "Server": "ingressd", "Date": "today"}
    kept = answer_fields(response(b"server: theirs", b"DATE: theirs"), "today")
    assert list(kept.items()) == [("server", "theirs"), ("DATE", "theirs")]


def test_a_head_keeps_bytes_that_are_no_utf_8() -> None:
    fields = answer_fields(response(b"X: caf\xe9", b"Y: caf\xc3\xa9", b"Set-Cookie: a", b"Set-Cookie: b"), "d")
    data = answer_head(200, "OK", fields, CHUNKED, "close")
    assert data == (
        b"HTTP/1.1 200 OK\r\nX: caf\xe9\r\nY: caf\xc3\xa9\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
        b"Server: ingressd\r\nDate: d\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\0b"])
def test_a_field_cannot_end_its_line_early(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        answer_head(200, "OK", CIMultiDict({"X": value}), WITHOUT_BODY, None)


@pytest.mark.parametrize(
    ("lines", "passed"),
    [
        ((b"Content-Length: 0",), b"\r\nContent-Length: 0\r\n"),
        ((b"Content-Length: 000",), b"\r\nContent-Length: 0\r\n"),
        ((b"content-length:\t012",), b"\r\nContent-Length: 12\r\n"),
        ((b"content-length: 12",), b"\r\ncontent-length: 12\r\n"),
        ((b"Content-Length: 12", b"Content-Length: 12"), b"\r\nContent-Length: 12\r\n"),
    ],
)
def test_a_relayed_length_has_one_spelling(lines: tuple[bytes, ...], passed: bytes) -> None:
    answered = response(b"Connection: keep-alive", *lines, b"X: y")
    data = b"".join(relayed_head(answered, BY_LENGTH, keep_alive=True, persistent=True))
    assert data.lower().count(b"content-length") == 1
    assert passed in data
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert data.endswith(b"\r\n\r\n")
    assert b"\r\nX: y\r\n" in data
    assert b"Connection" not in data
