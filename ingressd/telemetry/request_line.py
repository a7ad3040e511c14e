"""One exchange as one line for a person: method, URL, status, route, endpoint, milliseconds."""

from __future__ import annotations

from ingressd.telemetry.record import ExchangeRecord

MAX_URL_LENGTH = 400

_RESET = "\x1b[0m"
_DIM = "\x1b[2m"
_STATUS_COLOURS = {1: "\x1b[36m", 2: "\x1b[32m", 3: "\x1b[36m", 4: "\x1b[33m", 5: "\x1b[31m"}
_NO_ANSWER = "client left"
UNREAD = "-"
"""Stands for a method, a host or a URL that could not be read."""


def format_request_line(record: ExchangeRecord, *, colours: bool = False) -> str:
    """Return the line without a line feed.

    ``GET http://shop.localhost:8080/cart 200 shop/web#0/1 → cart:80 at 127.0.0.1:3000 3.2 ms``

    Everything a client sent is escaped, so that no request can move the cursor or forge a line.
    """
    status = str(record.status) if record.status else _NO_ANSWER
    parts = [
        f"{printable(record.method) or UNREAD:<7}",
        _shortened(_url(record)),
        _painted(status, _STATUS_COLOURS.get(record.status // 100, ""), colours),
        *_outcome(record),
        _route(record, colours),
        _painted(format_milliseconds(record.duration_seconds), _DIM, colours),
    ]
    return " ".join(part for part in parts if part)


def format_milliseconds(seconds: float) -> str:
    """Return ``0.4 ms``, ``12 ms``: one decimal below ten, where it still says something."""
    milliseconds = seconds * 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 9.95 else f"{milliseconds:.0f} ms"


def printable(text: str) -> str:
    """Replace what a terminal would act on, or could not show, by its escape (``\\x1b``)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _outcome(record: ExchangeRecord) -> list[str]:
    outcome = [printable(record.reason)] if record.reason else []
    if record.detail:
        outcome.append(printable(f"({record.detail})"))
    if record.upgraded:
        outcome.append("upgraded")
    if record.attempts > 1:
        outcome.append(f"after {record.attempts} attempts")
    return outcome


def _url(record: ExchangeRecord) -> str:
    if not record.host and not record.target:
        return UNREAD
    return f"{record.scheme}://{printable(record.host) or UNREAD}{printable(record.target)}"


def _route(record: ExchangeRecord, colours: bool) -> str:
    if not record.origin:
        return ""
    service = f" → {record.service}:{record.service_port}" if record.service else ""
    endpoint = f" at {record.endpoint}" if record.endpoint else ""
    return _painted(f"{record.origin}{service}{endpoint}", _DIM, colours)


def _shortened(url: str) -> str:
    return url if len(url) <= MAX_URL_LENGTH else f"{url[:MAX_URL_LENGTH]}…"


def _painted(text: str, colour: str, colours: bool) -> str:
    return f"{colour}{text}{_RESET}" if colours and colour else text
