"""An API server that answers what a test wrote down, and a clock that only waiting moves."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

from ingressd.kube.api import JSON
from ingressd.kube.api_error import ApiError

Piece = bytes | Exception | Callable[[], None]
"""What comes out of a watch: bytes, an error that ends it, or something that happens to be called."""


def an_object(name: str, version: int = 1, **fields: object) -> dict[str, Any]:
    """A Service, valid unless ``fields`` make it something else."""
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"ports": [{"port": 80}]}, **fields}


def a_list(*objects: object, version: int = 1, following: str = "") -> bytes:
    return json.dumps({"metadata": {"resourceVersion": str(version), "continue": following}, "items": objects}).encode()


def an_event(type_: str, value: object) -> bytes:
    return json.dumps({"type": type_, "object": value}).encode() + b"\n"


def a_bookmark(version: int) -> bytes:
    return an_event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


class ScriptedApi:
    """``lists`` and ``watches`` are used up in order; a list without an answer, and a watch without a script, wait.

    ``asked`` are the queries, in order; those of watches have ``watch``.
    """

    def __init__(self, lists: Iterable[bytes | Exception] = (), watches: Iterable[Iterable[Piece]] = ()) -> None:
        self.lists = list(lists)
        self.watches = [list(pieces) for pieces in watches]
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.silences: list[float] = []
        self.idle = asyncio.Event()

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
        assert (method, body, content_type) == ("GET", None, JSON)
        self.asked.append(dict(query or {}))
        self.paths.append(path)
        answer = self.lists.pop(0) if self.lists else await self._wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @contextlib.asynccontextmanager
    async def watch(
        self, path: str, *, query: Mapping[str, str], silence_seconds: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append(dict(query))
        self.paths.append(path)
        self.silences.append(silence_seconds)
        if not self.watches:
            await self._wait()
        pieces = self.watches.pop(0)
        if pieces and isinstance(pieces[0], ApiError):
            raise pieces[0]
        yield self._pieces(pieces)

    async def _pieces(self, pieces: list[Piece]) -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, bytes):
                yield piece
            else:
                piece()

    async def _wait(self) -> bytes:
        self.idle.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this wait")


class Time:
    """``rest`` is instant, and remembered with its error."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.rests: list[tuple[float, ApiError | None]] = []

    def clock(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> Callable[[], None]:
        """Something to be called in a watch."""

        def passes() -> None:
            self.now += seconds

        return passes

    async def rest(self, seconds: float, error: ApiError | None) -> None:
        self.rests.append((seconds, error))
        self.now += seconds
        await asyncio.sleep(0)
