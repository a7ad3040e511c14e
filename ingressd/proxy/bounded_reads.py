"""Reads of a bounded size, for connections on which much may come."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Connection(Protocol):
    """``asyncio.Protocol`` in all but name: a compiled class cannot inherit from it, and event loops do not ask."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def data_received(self, data: bytes) -> None: ...

    def eof_received(self) -> bool | None: ...


class AnsweredConnection(Connection, Protocol):
    """A connection that says for each read how much it wants, and takes it from where it was read to."""

    def buffer_for_read(self) -> memoryview: ...

    def buffer_filled(self, count: int) -> None:
        """``count`` bytes have been read to the beginning of the last ``buffer_for_read``."""


class BoundedReads(asyncio.BufferedProtocol):
    """Takes the place of ``connection`` in its transport, and reads for it into ``buffer``, which may serve many.

    An event loop reads 256 KiB at a time by itself, all of which waits in memory when the other side does not take it.
    A connection begins without this, since it makes each read dearer and most of them are small.
    """

    __slots__ = ("_buffer", "_connection")

    def __init__(self, connection: Connection, buffer: memoryview) -> None:
        self._connection = connection
        self._buffer = buffer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._connection.data_received(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool | None:
        return self._connection.eof_received()


class SizedReads(BoundedReads):
    """``BoundedReads`` of sizes that the connection chooses, whose bytes need not be copied."""

    __slots__ = ("_answered",)

    def __init__(self, connection: AnsweredConnection, buffer: memoryview) -> None:
        super().__init__(connection, buffer)
        self._answered = connection

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._answered.buffer_for_read()

    def buffer_updated(self, nbytes: int) -> None:
        self._answered.buffer_filled(nbytes)
