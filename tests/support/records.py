"""Records of exchanges that differ a little."""

from __future__ import annotations

from typing import Any

from ingressd.telemetry.access_line import AccessLine
from ingressd.telemetry.record import ExchangeRecord

FIELDS = ("started", *(name for name in AccessLine.__struct_fields__ if name != "time"))
"""A line has what a record has, but for the spelling of the time."""


def fields_of(record: ExchangeRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in FIELDS}


def changed(record: ExchangeRecord, **changes: Any) -> ExchangeRecord:
    return ExchangeRecord(**{**fields_of(record), **changes})
