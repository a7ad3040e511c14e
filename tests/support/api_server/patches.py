"""Patches of JSON documents: RFC 7396 (merge) and RFC 6902 (operations)."""

from __future__ import annotations

from typing import Any

import msgspec

from .kinds import Json
from .status_error import StatusError, bad_request

MERGE = "application/merge-patch+json"
OPERATIONS = "application/json-patch+json"


class Operation(msgspec.Struct, frozen=True, rename={"source": "from"}):
    op: str
    path: str
    source: str = ""
    value: Any = None


class _AbsentError(Exception):
    """The document has nothing at a path."""


def patched(content_type: str, value: Json, body: bytes) -> Json:
    """Return the patched document; ``value`` may be changed.

    Raises StatusError: 415 for a kind of patch that this server does not know, 400 for a malformed one, 422 for
    operations that do not fit the document.
    """
    if content_type not in (MERGE, OPERATIONS):
        accepted = f"{OPERATIONS}, {MERGE}"
        message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
        raise StatusError(415, message)
    try:
        if content_type == OPERATIONS:
            return _operated(value, msgspec.json.decode(body, type=list[Operation]))
        patch = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    merged: Json = merge(value, patch)
    return merged


def merge(value: Any, patch: Any) -> Any:
    """Return the value with an RFC 7396 patch applied to it."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), change)
    return merged


def _operated(value: Json, operations: list[Operation]) -> Json:
    document: Any = {"": value}
    try:
        for operation in operations:
            _operate(document, operation)
    except _AbsentError:
        raise StatusError(422, "the server rejected our request due to an error in our request") from None
    result: Json = document[""]
    return result


def _operate(document: Any, operation: Operation) -> None:
    match operation.op:
        case "add":
            _add(document, operation.path, operation.value)
        case "remove":
            _remove(document, operation.path)
        case "replace":
            parent, last = _place(document, operation.path)
            _take(parent, last)
            parent[_index(parent, last)] = operation.value
        case "move":
            _add(document, operation.path, _remove(document, operation.source))
        case "copy":
            copied = msgspec.json.decode(msgspec.json.encode(_take(*_place(document, operation.source))))
            _add(document, operation.path, copied)
        case "test":
            if _take(*_place(document, operation.path)) != operation.value:
                raise _AbsentError
        case other:
            raise bad_request(f"Unexpected kind: {other}")


def _place(document: Any, path: str) -> tuple[Any, str]:
    """Return what holds the value at a path, and its last part (RFC 6901)."""
    if path and not path.startswith("/"):
        raise _AbsentError
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]
    found = document
    for part in parents:
        found = _take(found, part)
    return found, last


def _take(parent: Any, name: str) -> Any:
    try:
        return parent[_index(parent, name)]
    except (KeyError, IndexError):
        raise _AbsentError from None


def _index(parent: Any, name: str) -> Any:
    if isinstance(parent, list):
        if not name.isdigit():
            raise _AbsentError
        return int(name)
    if not isinstance(parent, dict):
        raise _AbsentError
    return name


def _add(document: Any, path: str, value: Any) -> None:
    parent, last = _place(document, path)
    if isinstance(parent, list):
        index = len(parent) if last == "-" else _index(parent, last)
        if index > len(parent):
            raise _AbsentError
        parent.insert(index, value)
    else:
        parent[_index(parent, last)] = value


def _remove(document: Any, path: str) -> Any:
    parent, last = _place(document, path)
    removed = _take(parent, last)
    del parent[_index(parent, last)]
    return removed
