"""Reads of a bounded size, for connections on which much may come."""

from __future__ import annotations

from typing import Protocol


class Reader(Protocol):
    """What is called for what is read, and for all else that happens to a connection."""

    def data_received(self, data: memoryview) -> None: ...

    def eof_received(self) -> bool: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


class BoundedReads:
    """Takes the place of ``reader`` in its transport, and reads for it into ``buffer``, which may serve many.

    An event loop reads 256 KiB at a time by itself, all of which waits in memory when nobody takes it. A connection
    begins without this, since it makes each read dearer and most of them are small.

    It is an ``asyncio.BufferedProtocol`` in all but name: a compiled class cannot inherit from one. uvloop asks for
    ``get_buffer``; asyncio's own loop asks for the name, and calls ``data_received``.
    """

    __slots__ = ("_buffer", "_reader")

    def __init__(self, reader: Reader, buffer: memoryview) -> None:
        self._reader = reader
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._reader.data_received(self._buffer[:nbytes])

    def data_received(self, data: bytes) -> None:
        self._reader.data_received(memoryview(data))

    def eof_received(self) -> bool:
        return self._reader.eof_received()

    def pause_writing(self) -> None:
        self._reader.pause_writing()

    def resume_writing(self) -> None:
        self._reader.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._reader.connection_lost(exc)
