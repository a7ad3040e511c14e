"""What an answer that is no success says: a Status object, an HTTP status, a Retry-After.

Kubernetes API Conventions, "Response Status Kind"; RFC 9110 section 10.2.3 for Retry-After.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.telemetry.request_line import printable

MOST_RETRY_AFTER_SECONDS = 300.0
"""Whoever asks for more is asked again after five minutes."""

_LONGEST_TEXT = 500

_FAULTS: Mapping[int, ApiFault] = {
    401: ApiFault.UNAUTHORIZED,
    403: ApiFault.FORBIDDEN,
    404: ApiFault.NOT_FOUND,
    409: ApiFault.CONFLICT,
    410: ApiFault.EXPIRED,
    429: ApiFault.THROTTLED,
}

# Some servers leave the code out of an ERROR event, and some the reason.
_CODES: Mapping[str, int] = {
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "AlreadyExists": 409,
    "Gone": 410,
    "Expired": 410,
    "TooManyRequests": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "Timeout": 504,
    "ServerTimeout": 504,
}


class _Details(msgspec.Struct, rename="camel"):
    retry_after_seconds: int | None = None


class _Status(msgspec.Struct):
    message: str | None = None
    reason: str | None = None
    code: int | None = None
    details: _Details | None = None


_STATUS = msgspec.json.Decoder(_Status)


def fault_of(status: int) -> ApiFault:
    """The fault that an HTTP status, or the code of a Status object, stands for."""
    return _FAULTS.get(status, ApiFault.SERVER if status >= 500 else ApiFault.REFUSED)


def error_of_answer(asked: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ApiError:
    """The error of an HTTP answer that is not 2xx; ``asked`` is method and path, ``now`` an aware time.

    A body that is no Status object, such as the page of a load balancer, is shortened to one line.
    """
    said = _read(body)
    text = said.message if said is not None and said.message else _beginning(body)
    wait = retry_after_seconds(headers.get("Retry-After", ""), now)
    if wait is None and said is not None:
        wait = _wait_of(said)
    return ApiError(
        fault_of(status),
        f"The API server answered {status} to {asked}" + (f": {_shortened(text)}" if text else "."),
        status=status,
        retry_after_seconds=wait,
    )


def error_of_event(status: bytes) -> ApiError:
    """The error of an ERROR event of a watch; ``status`` is its object, as JSON."""
    said = _read(status)
    if said is None:
        return ApiError(ApiFault.MALFORMED, "The API server ended the watch with an error that cannot be read.")
    code = said.code or _CODES.get(said.reason or "", 500)
    text = said.message or said.reason or "no reason given"
    return ApiError(
        fault_of(code),
        f"The API server ended the watch with {code}: {_shortened(text)}",
        status=code,
        retry_after_seconds=_wait_of(said),
    )


def retry_after_seconds(text: str, now: datetime) -> float | None:
    """Seconds to wait, of a Retry-After in seconds or as an HTTP date; None when there is none that can be read."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:6]), MOST_RETRY_AFTER_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MOST_RETRY_AFTER_SECONDS)


def _wait_of(said: _Status) -> float | None:
    seconds = said.details.retry_after_seconds if said.details is not None else None
    return min(float(seconds), MOST_RETRY_AFTER_SECONDS) if seconds is not None and seconds > 0 else None


def _read(body: bytes) -> _Status | None:
    try:
        return _STATUS.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _beginning(body: bytes) -> str:
    return body[: 4 * _LONGEST_TEXT].decode("utf-8", "replace")


def _shortened(text: str) -> str:
    """One line of what was said, which may repeat what an author of objects wrote, and goes into the log."""
    text = printable(" ".join(text[: 4 * _LONGEST_TEXT].split()))
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " ..."
