"""How the connections of the proxy read while a body flows."""

from __future__ import annotations

from typing import Protocol

from tls.bounded_reads import Connection, Reads


class ReadingConnection(Connection, Protocol):
    def data_received(self, data: bytes) -> None: ...


class AnsweredConnection(Connection, Protocol):
    """A connection that says for each read how much it wants, and takes it from where it was read to."""

    def buffer_for_read(self) -> memoryview: ...

    def buffer_filled(self, count: int) -> None:
        """``count`` bytes have been read to the beginning of the last ``buffer_for_read``."""


class CopiedReads(Reads):
    """Reads into ``buffer``, which may serve many, and gives ``connection`` a copy."""

    __slots__ = ("_buffer", "_reading")

    def __init__(self, connection: ReadingConnection, buffer: memoryview) -> None:
        super().__init__(connection)
        self._reading = connection
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._reading.data_received(bytes(self._buffer[:nbytes]))


class SizedReads(Reads):
    """Reads of sizes that the connection chooses, whose bytes need not be copied."""

    __slots__ = ("_answered",)

    def __init__(self, connection: AnsweredConnection) -> None:
        super().__init__(connection)
        self._answered = connection

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._answered.buffer_for_read()

    def buffer_updated(self, nbytes: int) -> None:
        self._answered.buffer_filled(nbytes)
