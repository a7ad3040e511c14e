"""A server that answers every connection with the same bytes, however wrong they are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class RawServer:
    """``heads`` are the request heads that came."""

    def __init__(self, answer: bytes, *, stays: bool) -> None:
        self.heads: list[str] = []
        self.url = ""
        self._answer = answer
        self._stays = stays
        self._over = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()

    def say(self, more: bytes) -> None:
        """Go on with the answers that are not over."""
        for writer in self._open:
            writer.write(more)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self._answer)
            await writer.drain()
            if self._stays:
                self._open.add(writer)
                await self._over.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def end(self) -> None:
        self._over.set()


@contextlib.asynccontextmanager
async def raw_server(answer: bytes, *, stays: bool = False) -> AsyncIterator[RawServer]:
    """Answer, and hang up; with ``stays``, say nothing more instead."""
    found = RawServer(answer, stays=stays)
    async with await asyncio.start_server(found.answer, "127.0.0.1", 0) as server:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield found
        finally:
            found.end()
