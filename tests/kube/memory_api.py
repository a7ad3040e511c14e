"""A small API server in memory, with the semantics that writers depend on: versions, conflicts, subresources."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from ingressd.kube.api import JSON, MERGE_PATCH
from ingressd.kube.api_error import ApiError, ApiFault


class Call(msgspec.Struct, frozen=True):
    method: str
    path: str
    query: Mapping[str, str]
    body: Any


class MemoryApi:
    """Objects by path. ``before`` is awaited ahead of every call, and ``after`` when it has taken effect, so that
    either may fail or hang it."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.calls: list[Call] = []
        self.before: Callable[[Call], Awaitable[None]] = _nothing
        self.after: Callable[[Call], Awaitable[None]] = _nothing
        self._version = 0

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = JSON,
        timeout_seconds: float = 30.0,
    ) -> bytes:
        assert content_type == (MERGE_PATCH if method == "PATCH" else JSON)
        call = Call(method, path, query or {}, msgspec.json.decode(body) if body is not None else None)
        self.calls.append(call)
        await self.before(call)
        answer = msgspec.json.encode(self._answer(call))
        await self.after(call)
        return answer

    def watch(
        self, path: str, *, query: Mapping[str, str], silence_seconds: float
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise AssertionError("nothing here is watched")

    def put(self, path: str, found: dict[str, Any]) -> None:
        """Set an object, as another client of the API server."""
        self._version += 1
        metadata = {**found.get("metadata", {}), "resourceVersion": str(self._version)}
        self.objects[path] = {**found, "metadata": metadata}

    def _answer(self, call: Call) -> Any:
        if call.method == "GET" and call.path not in self.objects and (found := self._list(call)) is not None:
            return found
        if call.method == "POST":
            path = f"{call.path}/{call.body['metadata']['name']}"
            if path in self.objects:
                raise ApiError(ApiFault.CONFLICT, "It already exists.", status=409)
            self.put(path, call.body)
            return self.objects[path]
        path = call.path.removesuffix("/status")
        if path not in self.objects:
            raise ApiError(ApiFault.NOT_FOUND, f"There is no {path}.", status=404)
        if call.method == "PUT":
            before = self.objects[path]["metadata"]["resourceVersion"]
            if call.body["metadata"].get("resourceVersion") not in (None, before):
                raise ApiError(ApiFault.CONFLICT, "It has been modified.", status=409)
            if call.body != self.objects[path]:
                self.put(path, call.body)
        elif call.method == "PATCH":
            patch = {"status": call.body["status"]} if path != call.path else call.body
            self.put(path, merged(self.objects[path], patch))
        return self.objects[path]

    def _list(self, call: Call) -> dict[str, Any] | None:
        """The objects below a path, if it ends in a plural."""
        if not call.path.endswith(("/pods", "/nodes", "/services")):
            return None
        wanted = dict(pair.split("=", 1) for pair in call.query.get("labelSelector", "").split(",") if pair)
        found = [
            one
            for path, one in self.objects.items()
            if path.startswith(call.path + "/") and wanted.items() <= one["metadata"].get("labels", {}).items()
        ]
        return {"metadata": {"resourceVersion": str(self._version)}, "items": found}


async def _nothing(call: Call) -> None:
    pass


def merged(found: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(found) if isinstance(found, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
