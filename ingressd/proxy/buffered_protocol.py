"""What stands between asyncio's own event loop and a connection of ours."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast


class Connection(Protocol):
    """``asyncio.BufferedProtocol`` in all but name: a compiled class cannot inherit from it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...

    def connection_lost(self, exc: Exception | None) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...

    def get_buffer(self, sizehint: int) -> memoryview: ...

    def buffer_updated(self, nbytes: int) -> None: ...

    def eof_received(self) -> bool | None: ...


def as_protocol(connection: Connection, loop: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
    """Return what ``loop`` takes for ``connection``. uvloop looks for the methods, asyncio's loop asks for the name."""
    if isinstance(loop, asyncio.BaseEventLoop):
        return NamedProtocol(connection)
    return cast(asyncio.BaseProtocol, connection)


class NamedProtocol(asyncio.BufferedProtocol):
    """Passes every call on."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._connection.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._connection.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self._connection.eof_received()
