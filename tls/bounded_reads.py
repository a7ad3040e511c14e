"""Reads of a bounded size, for connections on which much may come."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Connection(Protocol):
    """What is called for all that happens to a connection beside reads. ``asyncio.Protocol`` in all but name: a
    compiled class cannot inherit from it, and event loops do not ask."""

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def eof_received(self) -> bool | None: ...


class Reader(Connection, Protocol):
    def data_received(self, data: memoryview) -> None:
        """The bytes are gone after the call."""


class Reads(asyncio.BufferedProtocol):
    """Takes the place of ``connection`` in its transport; the classes below say how it reads.

    An event loop reads 256 KiB at a time by itself, all of which waits in memory when nobody takes it. A connection
    begins without this, since it makes each read dearer and most of them are small. It is not compiled: asyncio's own
    loop reads like this only for what inherits from its class.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def eof_received(self) -> bool | None:
        return self._connection.eof_received()


class BoundedReads(Reads):
    """Reads into ``buffer``, which may serve many, and gives ``reader`` what it has read from there."""

    __slots__ = ("_buffer", "_reader")

    def __init__(self, reader: Reader, buffer: memoryview) -> None:
        super().__init__(reader)
        self._reader = reader
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._reader.data_received(self._buffer[:nbytes])
