"""How a call to the API server can fail."""

from __future__ import annotations

import enum


class ApiFault(enum.Enum):
    """What failed. The comment says who has to act before a repetition can succeed."""

    UNREACHABLE = "unreachable"  # nobody here: no connection, a cut one, or silence
    UNAUTHORIZED = "unauthorized"  # we: the token has rotated, and is read again
    FORBIDDEN = "forbidden"  # the operator: an RBAC rule is missing
    NOT_FOUND = "not_found"  # nobody: the object, or the whole kind, does not exist
    CONFLICT = "conflict"  # we: read the object again
    EXPIRED = "expired"  # we: the resource version is too old, list again
    THROTTLED = "throttled"  # nobody: wait for as long as the server says
    REFUSED = "refused"  # a programmer: any other 4xx
    SERVER = "server"  # nobody here: 5xx
    MALFORMED = "malformed"  # nobody here: an answer that is not what it claims to be


class ApiError(Exception):
    """A call that did not succeed; the text is one sentence for an operator.

    ``status`` is 0 when no answer came. ``retry_after_seconds`` is what the server asked for.
    """

    def __init__(
        self, fault: ApiFault, message: str, *, status: int = 0, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.status = status
        self.retry_after_seconds = retry_after_seconds
