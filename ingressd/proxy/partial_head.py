"""The first bytes of a request's head: what they show before it is complete."""

from __future__ import annotations

import re

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.request_line import MAX_METHOD_BYTES, HeadLimits

_LINE_END_WITHOUT_PAIR = re.compile(rb"(?<!\r)\n|\r(?=[^\n])")


def incomplete_head_failure(data: bytes, limits: HeadLimits, scanned: int = 0) -> Failure | None:
    """Return why these first bytes of a head can never become a valid one.

    ``scanned`` bytes have been looked at before; looking at them again would cost quadratic time in all.
    """
    if _LINE_END_WITHOUT_PAIR.search(data, max(0, scanned - 1)):
        return Failure(Reason.MALFORMED_REQUEST, "a line does not end in CRLF")
    if len(data) > MAX_METHOD_BYTES and b" " not in data[: MAX_METHOD_BYTES + 1]:
        return Failure(Reason.MALFORMED_REQUEST, "the method is not known")
    if len(data) > limits.line and b"\r\n" not in data[: limits.line + 2]:
        return Failure(Reason.TARGET_TOO_LONG, f"the request line is longer than {limits.line} bytes")
    last_line = data.rfind(b"\r\n") + 2
    if len(data) > limits.total or len(data) - last_line > limits.line:
        return Failure(Reason.HEADERS_TOO_LARGE, f"the header is longer than {limits.total} bytes")
    return None
