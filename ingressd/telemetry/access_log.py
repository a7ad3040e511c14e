"""Exchanges as lines of JSON, for a program to read: written by hand, because each request waits for its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from ingressd.telemetry.log_writer import ATOMIC_BYTES
from ingressd.telemetry.record import ExchangeRecord
from ingressd.telemetry.timestamp import Timestamps, thousandths

CUT: Final = ("client", "method", "host", "target", "detail")
"""The fields that a client chooses, and can make long."""
MAX_ROUTES: Final = 4096
_MOST_BYTES_PER_CHARACTER: Final = 6
"""JSON writes a control character as ``\\u0000``."""
_LEAST_CHARACTERS: Final = 16
_WHOLE: Final = ATOMIC_BYTES
"""Characters: no text of a line that has room for it has more."""


class AccessLog:
    """Writes each record as a line, ``AccessLine``. ``write`` takes a line without its line feed.

    Several processes write to one pipe, where a longer line may be torn by another's: the texts that a client chose
    are cut, and end in ``…``, until the line has less than ``ATOMIC_BYTES`` bytes.
    """

    __slots__ = ("_routes", "_timestamps", "_write")

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write: Final = write
        self._timestamps: Final = Timestamps()
        self._routes: Final[dict[tuple[str, str, str, str, str], str]] = {}

    def finished(self, record: ExchangeRecord) -> None:
        self._write(self.line(record))

    def line(self, record: ExchangeRecord) -> bytes:
        """Return the line without a line feed."""
        client, method, host, target, detail = record.client, record.method, record.host, record.target, record.detail
        if _needs_no_escape(
            f"{client}{method}{host}{target}{detail}{record.scheme}{record.protocol}{record.reason}{record.endpoint}{record.request_id}"
        ):
            line = self._joined(
                record,
                client,
                method,
                host,
                target,
                detail,
                record.scheme,
                record.protocol,
                record.reason,
                record.endpoint,
                record.request_id,
            )
            if len(line) < ATOMIC_BYTES:
                return line
        line = self._escaped(record, _WHOLE)
        room = ATOMIC_BYTES // _MOST_BYTES_PER_CHARACTER
        while len(line) >= ATOMIC_BYTES and room >= _LEAST_CHARACTERS:
            line = self._escaped(record, room)
            room //= 2
        return line

    def _escaped(self, record: ExchangeRecord, room: int) -> bytes:
        """Return the line with at most ``room`` characters of each text in ``CUT``."""
        return self._joined(
            record,
            _escape(_cut(record.client, room)),
            _escape(_cut(record.method, room)),
            _escape(_cut(record.host, room)),
            _escape(_cut(record.target, room)),
            _escape(_cut(record.detail, room)),
            _escape(record.scheme),
            _escape(record.protocol),
            _escape(record.reason),
            _escape(record.endpoint),
            _escape(record.request_id),
        )

    def _joined(
        self,
        record: ExchangeRecord,
        client: str,
        method: str,
        host: str,
        target: str,
        detail: str,
        scheme: str,
        protocol: str,
        reason: str,
        endpoint: str,
        request_id: str,
    ) -> bytes:
        """The texts are escaped, as far as they need it."""
        upstream_seconds = record.upstream_seconds
        text = (
            f'{{"time":"{self._timestamps.text(record.started)}",'
            f'"duration_seconds":{_seconds(record.duration_seconds)},"client":"{client}","method":"{method}",'
            f'"scheme":"{scheme}","host":"{host}","target":"{target}","protocol":"{protocol}","status":{record.status},'
            f'"reason":"{reason}","detail":"{detail}",{self._route(record)},"endpoint":"{endpoint}",'
            f'"attempts":{record.attempts},"bytes_received":{record.bytes_received},"bytes_sent":{record.bytes_sent},'
            f'"upstream_seconds":{"null" if upstream_seconds is None else _seconds(upstream_seconds)},'
            f'"request_id":"{request_id}","upgraded":{"true" if record.upgraded else "false"}}}'
        )
        return text.encode("utf-8")

    def _route(self, record: ExchangeRecord) -> str:
        """Return the fields of the route, which are the same for each of its requests."""
        key = (record.origin, record.namespace, record.ingress, record.service, record.service_port)
        fields = self._routes.get(key)
        if fields is None:
            origin, namespace, ingress, service, service_port = key
            fields = (
                f'"origin":"{_escape(origin)}","namespace":"{_escape(namespace)}","ingress":"{_escape(ingress)}",'
                f'"service":"{_escape(service)}","service_port":"{_escape(service_port)}"'
            )
            if len(self._routes) == MAX_ROUTES:
                self._routes.clear()
            self._routes[key] = fields
        return fields


def _seconds(duration: float) -> str:
    """Return it to the microsecond. Clocks that feed it never run backwards."""
    microseconds = int(duration * 1e6 + 0.5)
    if microseconds < 1_000_000:
        return f"0.{thousandths(microseconds // 1000)}{thousandths(microseconds % 1000)}"
    return f"{microseconds // 1_000_000}.{thousandths(microseconds // 1000 % 1000)}{thousandths(microseconds % 1000)}"


def _needs_no_escape(text: str) -> bool:
    return text.isprintable() and '"' not in text and "\\" not in text


def _escape(text: str) -> str:
    if _needs_no_escape(text):
        return text
    # What is no Unicode, a lone surrogate, cannot be written.
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return msgspec.json.encode(valid)[1:-1].decode("utf-8")


def _cut(text: str, most_characters: int) -> str:
    return text if len(text) <= most_characters else f"{text[: most_characters - 1]}…"
