"""The calls that lists, watches, elections, statuses and events are written against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"  # RFC 7396


class Api(Protocol):
    """Raw JSON in and out. Every method raises ApiError, and nothing else, when the call does not succeed.

    A call is made once: whoever called decides whether and when to repeat it.
    """

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
        """Return the body of a 2xx answer. The timeout is the longest silence, not the whole call."""
        ...

    def watch(
        self, path: str, *, query: Mapping[str, str], silence_seconds: float
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a watch, and iterate over the pieces of its body as they come, in any size.

        ``silence_seconds`` without a byte raise ApiError (UNREACHABLE): a half-open connection says nothing forever.
        """
        ...
