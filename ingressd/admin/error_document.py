"""Errors of the admin port as JSON."""

from __future__ import annotations

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no such document: no JSON, of another shape, or nested without end."""


class ErrorDocument(msgspec.Struct, frozen=True):
    """``code`` is stable and machine-readable; ``message`` says what to do."""

    code: str
    message: str


class ErrorEnvelope(msgspec.Struct, frozen=True):
    error: ErrorDocument


def decode_error(answer: bytes) -> ErrorDocument | None:
    """Return what the admin port says; None for an answer that is no error of ours."""
    try:
        return msgspec.json.decode(answer, type=ErrorEnvelope).error
    except UNREADABLE:
        return None


def encode_error(code: str, message: str) -> bytes:
    return msgspec.json.encode(ErrorEnvelope(ErrorDocument(code, message)))
