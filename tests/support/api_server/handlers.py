"""From a request to its answer: authentication, authorization, and the verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from .kinds import ApiKind, Json
from .list_options import ListOptions, list_options
from .listing import listed
from .request_path import Target
from .selectors import Selection, selection
from .status_error import REASONS, StatusError, bad_request, not_found
from .storage import Storage, Stored
from .writes import Writes

LARGEST_BODY = 3 * 1024 * 1024
"""Kubernetes apiserver, ``MaxRequestBodyBytes``."""


class Answer(msgspec.Struct, frozen=True):
    code: int
    body: bytes
    fields: Mapping[str, str] = {}
    content_type: str = "application/json"


class WatchAnswer(msgspec.Struct, frozen=True):
    """The answer is a watch, which is opened with these."""

    kind: ApiKind
    selection: Selection
    options: ListOptions


def failed(failure: StatusError) -> Answer:
    seconds = failure.retry_after_seconds
    fields = {} if seconds is None else {"Retry-After": str(seconds)}
    return Answer(failure.code, msgspec.json.encode(failure.status()) + b"\n", fields)


def plain(method: str, path: str) -> Answer:
    """Answer a request that is not about objects."""
    if method == "GET" and path in ("/healthz", "/livez", "/readyz"):
        return Answer(200, b"ok", content_type="text/plain")
    if method == "GET" and path == "/version":
        return Answer(200, b'{"major":"1","minor":"36","gitVersion":"v1.36.0-fake"}')
    return Answer(404, b"404 page not found\n", content_type="text/plain")


def answered(
    storage: Storage,
    writes: Writes,
    target: Target,
    *,
    query: Mapping[str, str],
    body: bytes,
    content_type: str,
) -> Answer | WatchAnswer:
    """Raises StatusError for what is refused."""
    kind, request, name = target.kind, target.request, target.name
    if kind is None or request.subresource not in (("", "status") if kind.has_status else ("",)):
        raise StatusError(404, "the server could not find the requested resource", details={})
    if len(body) > LARGEST_BODY:
        raise StatusError(413, f"Request entity too large: limit is {LARGEST_BODY}")
    namespace = request.namespace if kind.namespaced else ""
    subresource = request.subresource
    match request.verb:
        case "list" | "watch":
            chosen = selection(kind, namespace, _named(query, name))
            options = list_options(query)
            if request.verb == "watch":
                return WatchAnswer(kind, chosen, options)
            return Answer(200, listed(storage, kind, chosen, options))
        case "get":
            found = storage.get(kind, namespace, name)
            if found is None:
                raise not_found(kind, name)
            return _one(200, kind, found)
        case "create" if not name:
            if kind.namespaced and not namespace:
                raise _not_allowed()
            return _one(201, kind, writes.create(kind, namespace, _object(body)))
        case "update" if name:
            new = storage.get(kind, namespace, name) is None
            updated = writes.update(kind, namespace, name, _object(body), subresource=subresource)
            return _one(201 if new else 200, kind, updated)
        case "patch" if name:
            return _one(200, kind, writes.patch(kind, namespace, name, body, content_type, subresource=subresource))
        case "delete" if not subresource:
            deleted, gone = writes.delete(kind, namespace, name, _preconditions(body))
            return _deleted(kind, deleted) if gone else _one(200, kind, deleted)
        case "deletecollection" if not subresource:
            chosen = selection(kind, namespace, query)
            for each in [each for each in storage.all(kind) if chosen.matches(each)]:
                writes.delete(kind, each.namespace, each.name)
            return Answer(200, listed(storage, kind, chosen, ListOptions()))
    raise _not_allowed()


def _one(code: int, kind: ApiKind, found: Stored) -> Answer:
    return Answer(code, found.whole(kind) + b"\n")


def _deleted(kind: ApiKind, deleted: Stored) -> Answer:
    if kind.kind in ("Service", "Pod", "Namespace"):
        return _one(200, kind, deleted)
    details = {"name": deleted.name, "group": kind.group, "kind": kind.plural}
    details = {field: value for field, value in details.items() if value}
    details["uid"] = deleted.value()["metadata"]["uid"]
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return Answer(200, msgspec.json.encode(status) + b"\n")


def _named(query: Mapping[str, str], name: str) -> Mapping[str, str]:
    """A watch on one object's own path is a watch with a selector."""
    return {**query, "fieldSelector": f"metadata.name={name}"} if name else query


def _object(body: bytes) -> Json:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None


def _preconditions(body: bytes) -> Mapping[str, str]:
    return (_object(body).get("preconditions") or {}) if body else {}


def _not_allowed() -> StatusError:
    return StatusError(405, "the server does not allow this method on the requested resource", reason=REASONS[405])
