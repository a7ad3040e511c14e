"""Every way in which the API server says no, with the texts and details of the real one.

Kubernetes apimachinery, ``pkg/api/errors/errors.go``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from .kinds import ApiKind, Json

REASONS: Mapping[int, str] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class StatusError(Exception):
    """An answer other than 2xx, as a ``Status``."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        reason: str | None = None,
        details: Json | None = None,
        continuation: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason if reason is not None else REASONS.get(code, "")
        self.details = details
        self.continuation = continuation

    def status(self) -> Json:
        found: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continuation} if self.continuation else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            found["reason"] = self.reason
        if self.details is not None:
            found["details"] = self.details
        return {**found, "code": self.code}

    def event(self) -> bytes:
        """Return the line that says the same inside a watch."""
        return msgspec.json.encode({"type": "ERROR", "object": self.status()}) + b"\n"

    @property
    def retry_after_seconds(self) -> int | None:
        return (self.details or {}).get("retryAfterSeconds")


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field: apimachinery ``pkg/util/validation/field``."""

    field: str
    reason: str
    message: str


def required(field: str, detail: str = "") -> FieldError:
    return FieldError(field, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))


def invalid(field: str, value: Any, detail: str) -> FieldError:
    shown = msgspec.json.encode(value).decode()
    return FieldError(field, "FieldValueInvalid", f"Invalid value: {shown}: {detail}")


def forbidden_value(field: str, detail: str) -> FieldError:
    return FieldError(field, "FieldValueForbidden", f"Forbidden: {detail}")


def unsupported(field: str, value: Any, supported: Sequence[str]) -> FieldError:
    shown = msgspec.json.encode(value).decode()
    listed = ", ".join(f'"{each}"' for each in sorted(supported))
    return FieldError(field, "FieldValueNotSupported", f"Unsupported value: {shown}: supported values: {listed}")


def not_valid(kind: ApiKind, name: str, errors: Sequence[FieldError]) -> StatusError:
    qualified = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    return _not_valid(qualified, name, errors, {"name": name, "group": kind.group, "kind": kind.kind})


def options_not_valid(errors: Sequence[FieldError]) -> StatusError:
    """Return the failure for query parameters that do not go together."""
    return _not_valid("ListOptions.meta.k8s.io", "", errors, {"group": "meta.k8s.io", "kind": "ListOptions"})


def _not_valid(qualified: str, name: str, errors: Sequence[FieldError], details: Json) -> StatusError:
    texts = [f"{error.field}: {error.message}" for error in errors]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": error.reason, "message": error.message, "field": error.field} for error in errors]
    return StatusError(422, f'{qualified} "{name}" is invalid: {text}', details={**_given(details), "causes": causes})


def bad_request(message: str) -> StatusError:
    return StatusError(400, message)


def unreadable(kind: ApiKind, why: str) -> StatusError:
    """Return the failure for a body that does not fit the kind's Go type."""
    return StatusError(400, f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}')


def not_found(kind: ApiKind, name: str) -> StatusError:
    return StatusError(404, f'{kind.resource} "{name}" not found', details=_of(kind, name))


def already_exists(kind: ApiKind, name: str) -> StatusError:
    message = f'{kind.resource} "{name}" already exists'
    return StatusError(409, message, reason="AlreadyExists", details=_of(kind, name))


def conflict(kind: ApiKind, name: str, why: str = "") -> StatusError:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return StatusError(409, message, details=_of(kind, name))


def forbidden(kind: ApiKind, name: str, why: str) -> StatusError:
    subject = f'{kind.resource} "{name}"' if name else kind.resource
    return StatusError(403, f"{subject} is forbidden: {why}", details=_of(kind, name))


def expired(wanted: int, oldest: int) -> StatusError:
    return StatusError(410, f"too old resource version: {wanted} ({oldest})")


def too_large(wanted: int, current: int) -> StatusError:
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    return StatusError(504, message, details={"causes": causes, "retryAfterSeconds": 1})


def _of(kind: ApiKind, name: str) -> Json:
    return _given({"name": name, "group": kind.group, "kind": kind.plural})


def _given(details: Json) -> Json:
    """Return the details without those that are empty: Go leaves them out."""
    return {field: value for field, value in details.items() if value}
