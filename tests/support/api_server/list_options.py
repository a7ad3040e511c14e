"""The query parameters of lists and watches (Kubernetes apimachinery, ``internalversion/validation``)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec

from .status_error import FieldError, StatusError, bad_request, forbidden_value, options_not_valid, unsupported

_EXACT = "Exact"
_NOT_OLDER_THAN = "NotOlderThan"


class ListOptions(msgspec.Struct, frozen=True):
    """``resource_version`` is None when it is not given; 0 means any."""

    resource_version: int | None = None
    exact: bool = False
    not_older_than: bool = False
    limit: int = 0
    continuation: str = ""
    watch: bool = False
    bookmarks: bool = False
    send_initial_events: bool | None = None
    timeout_seconds: int | None = None


class Continuation(msgspec.Struct, frozen=True):
    """Where the next page starts. ``rv`` -1 is for the current state: what goes on after an expired token."""

    rv: int
    start: str
    v: str = "meta.k8s.io/v1"

    def token(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()


def read_continuation(token: str) -> Continuation:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=Continuation)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise bad_request(f"continue key is not valid: {error}") from None


def is_true(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("1", "true")


def list_options(query: Mapping[str, str]) -> ListOptions:
    """Raises StatusError for parameters that are malformed (400) or do not go together (422)."""
    watch = is_true(query, "watch")
    match = query.get("resourceVersionMatch", "")
    version = query.get("resourceVersion", "")
    continuation = "" if watch else query.get("continue", "")
    initial = is_true(query, "sendInitialEvents") if "sendInitialEvents" in query else None
    errors = _watch_errors(match, initial) if watch else _list_errors(match, version, continuation, initial)
    if errors:
        raise options_not_valid(errors)
    if continuation and version not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    return ListOptions(
        resource_version=_resource_version(version, watch=watch),
        exact=match == _EXACT,
        not_older_than=match == _NOT_OLDER_THAN,
        limit=_number(query, "limit") or 0,
        continuation=continuation,
        watch=watch,
        bookmarks=is_true(query, "allowWatchBookmarks"),
        send_initial_events=initial,
        timeout_seconds=_number(query, "timeoutSeconds"),
    )


def _list_errors(match: str, version: str, continuation: str, initial: bool | None) -> list[FieldError]:
    errors = []
    field = "resourceVersionMatch"
    if match:
        if not version:
            errors.append(forbidden_value(field, f"{field} is forbidden unless resourceVersion is provided"))
        if continuation:
            errors.append(forbidden_value(field, f"{field} is forbidden when continue is provided"))
        if match not in (_EXACT, _NOT_OLDER_THAN):
            errors.append(unsupported(field, match, (_EXACT, _NOT_OLDER_THAN, "")))
        if match == _EXACT and version == "0":
            errors.append(forbidden_value(field, f'{field} "exact" is forbidden for resourceVersion "0"'))
    if initial is not None:
        errors.append(forbidden_value("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


def _watch_errors(match: str, initial: bool | None) -> list[FieldError]:
    errors = []
    field = "resourceVersionMatch"
    if initial is not None and match != _NOT_OLDER_THAN:
        errors.append(forbidden_value(field, f"sendInitialEvents requires setting {field} to {_NOT_OLDER_THAN}"))
    if match and initial is None:
        errors.append(forbidden_value(field, f"{field} is forbidden for watch unless sendInitialEvents is provided"))
    if match and match != _NOT_OLDER_THAN:
        errors.append(unsupported(field, match, (_NOT_OLDER_THAN,)))
    return errors


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not _is_number(text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _resource_version(text: str, *, watch: bool) -> int | None:
    if not text:
        return None
    if not _is_number(text):
        message = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        # A watch returns the error as it is, and what says no reason is an internal error.
        raise StatusError(500, message, reason="") if watch else bad_request(f"invalid resource version: {message}")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
