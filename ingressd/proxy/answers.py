"""The head and body of what ingressd answers itself, and the head of what it passes on."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Final

import msgspec
from multidict import CIMultiDict

from ingressd.proxy.date_line import date_line, http_date
from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.forwarding import end_to_end_fields
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.response_head import ResponseHead, has_body
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.route import Route

SERVER = "ingressd"
REASON_FIELD = "X-Ingressd-Reason"

Hints = Mapping[Reason, str]
"""For a reason, a sentence that says what to do. It may use {host}, {path}, {namespace}, {service}, {port} and
{endpoint}."""


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
RETRY_AFTER_SECONDS = "1"
WORTH_A_RETRY = frozenset({Reason.NO_ENDPOINTS, Reason.UPSTREAM_BUSY, Reason.DRAINING})
"""Reasons that pass without anybody changing an object."""


class Page:
    __slots__ = ("body", "content_type")

    def __init__(self, content_type: str, body: bytes) -> None:
        self.content_type: Final = content_type
        self.body: Final = body


_STATUS_TEXT = {
    204: "No Content",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    499: "Client Closed Request",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}


def hint_for(
    failure: Failure, head: RequestHead | None, route: Route | None, endpoint: Endpoint | None, hints: Hints
) -> str:
    """Return the sentence for this failure with its blanks filled; empty without one."""
    template = hints.get(failure.reason)
    if template is None:
        return ""
    return template.format(
        host=head.authority.host if head else "",
        path=head.target.path if head else "",
        namespace=route.origin.namespace if route else "",
        service=route.service if route else "",
        port=route.service_port if route else "",
        endpoint=endpoint or "",
    )


def failure_page(failure: Failure, accept: bytes, hint: str, request_id: str) -> Page:
    """A short page, in JSON for whoever asks for JSON, in HTML otherwise."""
    answer = failure.answer
    title = f"{answer.status} {_STATUS_TEXT[answer.status]}"
    if prefers_json(accept):
        content: dict[str, int | str] = {
            "status": answer.status,
            "reason": failure.reason.value,
            "message": answer.sentence,
        }
        optional = {"detail": failure.detail, "hint": hint, "request_id": request_id}
        content.update({name: value for name, value in optional.items() if value})
        return Page("application/json", msgspec.json.encode(content) + b"\n")
    paragraphs = [f"<p>{html.escape(text)}</p>" for text in (answer.sentence, _sentence(failure.detail)) if text]
    if hint:
        paragraphs.append(f"<p><strong>{html.escape(hint)}</strong></p>")
    footer = f"{SERVER} · {failure.reason}" + (f" · {html.escape(request_id)}" if request_id else "")
    page = (
        f"<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{title}</title>\n{_STYLE}\n"
        f"<h1>{title}</h1>\n{''.join(paragraphs)}\n<footer>{footer}</footer>\n</html>\n"
    )
    return Page("text/html; charset=utf-8", page.encode())


_STYLE = (
    "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem;color:#222}"
    "h1{font-size:1.5rem}footer{color:#666;font-size:.85rem;margin-top:2rem}"
    "@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}footer{color:#999}}</style>"
)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def prefers_json(accept: bytes) -> bool:
    """Whether JSON stands in ``Accept`` before any HTML; programs seldom send more than that."""
    for media_range in accept.lower().split(b","):
        media_type = media_range.partition(b";")[0].strip()
        if media_type == b"application/json" or media_type.endswith(b"+json"):
            return True
        if media_type in (b"text/html", b"application/xhtml+xml", b"text/*"):
            return False
    return False


class AnswerFraming:
    """How the client learns where the answer's body ends: by a length or chunks, else by the connection's end."""

    __slots__ = ("body", "chunked", "until_end")

    def __init__(self, *, body: bool, chunked: bool, until_end: bool) -> None:
        self.body: Final = body
        self.chunked: Final = chunked
        self.until_end: Final = until_end


def answer_framing(request: RequestHead, head: ResponseHead) -> AnswerFraming:
    if not has_body(head.status, request.method):
        return WITHOUT_BODY
    if head.framing.length is not None:
        return BY_LENGTH
    return CHUNKED if request.version[1] >= 1 else UNTIL_END


def changed_framing(request: RequestHead, head: ResponseHead, status: int) -> tuple[AnswerFraming, int | None]:
    """Return the framing of an answer that keeps its body and gets another ``status``, and its Content-Length."""
    if not has_body(status, request.method):
        return WITHOUT_BODY, None
    if not has_body(head.status, request.method):
        return BY_LENGTH, 0
    return answer_framing(request, head), head.framing.length


WITHOUT_BODY: Final = AnswerFraming(body=False, chunked=False, until_end=False)
BY_LENGTH: Final = AnswerFraming(body=True, chunked=False, until_end=False)
CHUNKED: Final = AnswerFraming(body=True, chunked=True, until_end=False)
UNTIL_END: Final = AnswerFraming(body=True, chunked=False, until_end=True)


def local_fields(page: Page | None, failure: Failure | None) -> dict[str, str]:
    """Return the fields of an answer of our own, without those that frame it."""
    fields = {"Server": SERVER, "Cache-Control": "no-store"}
    if failure is not None:
        fields[REASON_FIELD] = failure.reason.value
        if failure.reason in WORTH_A_RETRY:
            fields["Retry-After"] = RETRY_AFTER_SECONDS
    if page is not None:
        fields["Content-Type"] = page.content_type
    return fields


def local_answer(
    status: int, page: Page | None, failure: Failure | None, method: str, *, keep_alive: bool, persistent: bool
) -> bytes:
    """Return the bytes of an answer of our own. ``persistent``: the client stays connected unless it is told not to."""
    fields = local_fields(page, failure)
    if page is not None:
        fields["Content-Length"] = str(len(page.body))
    fields["Date"] = http_date()
    connection = _connection_option(keep_alive=keep_alive, persistent=persistent)
    if connection is not None:
        fields["Connection"] = connection
    lines = [f"HTTP/1.1 {status} {_STATUS_TEXT[status]}", *(f"{name}: {value}" for name, value in fields.items())]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head if page is None or method == "HEAD" else head + page.body


def relayed_head(
    head: ResponseHead, framing: AnswerFraming, *, keep_alive: bool, persistent: bool, with_body: bool = False
) -> list[bytes]:
    """Return the bytes of an upstream's head on its way to the client, in pieces; ``with_body``: and what stands behind
    it, which is the whole body or nothing."""
    if not head.spliceable:
        connection = _connection_option(keep_alive=keep_alive, persistent=persistent)
        fields = answer_fields(head, http_date())
        reason_phrase = head.reason_phrase.decode("utf-8", "surrogateescape")
        rebuilt = answer_head(head.status, reason_phrase, fields, framing, connection)
        return [rebuilt, head.body] if with_body else [rebuilt]
    source = head.source if with_body or not head.whole else head.source[: head.end]
    pieces: list[bytes] = []
    begin = 0
    if head.version[1] < 1 or not head.reason_phrase:
        pieces.append(b"HTTP/1.1 %d %b\r\n" % (head.status, head.reason_phrase))
        begin = head.fields_begin
    added = _added_lines(head, framing, keep_alive=keep_alive, persistent=persistent)
    has_length = False
    for field in head.known:
        if field.name == b"content-length" and not has_length and head.status != 204:
            has_length = True
            if field.canonical_number:
                continue
            added = b"Content-Length: %d\r\n%b" % (head.framing.length or 0, added)
        if field.begin > begin:
            pieces.append(source[begin : field.begin])
        begin = field.end
    if added:
        pieces.append(source[begin : head.end - 2])
        pieces.append(added)
        begin = head.end - 2
    pieces.append(source[begin:] if begin else source)
    return pieces


def _added_lines(head: ResponseHead, framing: AnswerFraming, *, keep_alive: bool, persistent: bool) -> bytes:
    added = b"" if head.has_server else b"Server: ingressd\r\n"
    if not head.has_date:
        added += date_line()
    if framing.chunked:
        added += b"Transfer-Encoding: chunked\r\n"
    if not keep_alive:
        added += b"Connection: close\r\n"
    elif not persistent:
        added += b"Connection: keep-alive\r\n"
    return added


def _connection_option(*, keep_alive: bool, persistent: bool) -> str | None:
    if not keep_alive:
        return "close"
    return None if persistent else "keep-alive"


def answer_fields(head: ResponseHead, date: str) -> CIMultiDict[str]:
    """Return the answer's end-to-end fields, with Server and Date added where the upstream sent none.

    Bytes that are not UTF-8 travel as lone surrogates, which ``answer_head`` turns back into the same bytes.
    """
    fields: CIMultiDict[str] = CIMultiDict()
    seen_length = False
    for lower, name, value in end_to_end_fields(head.fields):
        if lower == b"content-length":
            if seen_length or head.framing.length is None or head.status == 204:
                continue
            seen_length = True
            fields.add(name.decode("ascii"), str(head.framing.length))
        else:
            fields.add(name.decode("ascii"), value.decode("utf-8", "surrogateescape"))
    fields.setdefault("Server", SERVER)
    fields.setdefault("Date", date)
    return fields


def answer_head(
    status: int, reason_phrase: str, fields: CIMultiDict[str], framing: AnswerFraming, connection: str | None
) -> bytes:
    """Return the bytes of a head. Raises ValueError for a field that would end its line early."""
    lines = [f"HTTP/1.1 {status} {reason_phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if framing.chunked:
        lines.append("Transfer-Encoding: chunked")
    if connection is not None:
        lines.append(f"Connection: {connection}")
    if any(["\r" in line or "\n" in line or "\0" in line for line in lines]):
        raise ValueError("a header field holds a line break or a NUL")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def interim_head(head: ResponseHead) -> bytes:
    """Return the bytes of an interim answer (1xx, and the 101 that opens a tunnel)."""
    lines = [b"HTTP/1.1 %d %b\r\n" % (head.status, head.reason_phrase)]
    lines += [
        b"%b: %b\r\n" % (name, value)
        for lower, name, value in end_to_end_fields(head.fields)
        if lower != b"content-length"  # RFC 9110 section 8.6
    ]
    if head.upgrade is not None:
        upgrade = next(value for lower, _, value in head.fields if lower == b"upgrade")
        lines.append(b"Connection: Upgrade\r\nUpgrade: %b\r\n" % upgrade)
    lines.append(b"\r\n")
    return b"".join(lines)
