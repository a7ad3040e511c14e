"""Errors of the admin port as JSON."""

from __future__ import annotations

import msgspec


class ErrorDocument(msgspec.Struct, frozen=True):
    """``code`` is stable and machine-readable; ``message`` says what to do."""

    code: str
    message: str


class ErrorEnvelope(msgspec.Struct, frozen=True):
    error: ErrorDocument


def encode_error(code: str, message: str) -> bytes:
    return msgspec.json.encode(ErrorEnvelope(ErrorDocument(code, message)))
