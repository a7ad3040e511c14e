"""Frames over a stream socket between supervisor and worker: a length in four bytes, then as many bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket

LENGTH_BYTES = 4
MAX_FRAME_BYTES = 256 * 1024 * 1024
"""Far above what is sent: it keeps a damaged length from asking for all memory there is."""
READ_BUFFER_BYTES = 1024 * 1024


class ChannelError(Exception):
    """The channel cannot carry this frame, or what came on it is no frame; the text says which."""


class Channel:
    """One end. Belongs to the event loop that it was opened on; one task receives, one sends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, connected: socket.socket) -> Channel:
        """Take over one socket of a pair of UNIX stream sockets."""
        connected.setblocking(False)
        return cls(*await asyncio.open_unix_connection(sock=connected, limit=READ_BUFFER_BYTES))

    @property
    def idle(self) -> bool:
        """Whether the other side has been given everything that was sent, and can be given more."""
        transport = self._writer.transport
        return not transport.is_closing() and transport.get_write_buffer_size() == 0

    def send(self, frame: bytes) -> None:
        """Queue a frame; ``drain`` waits until there is room for more. Raises ChannelError if it is too large."""
        if len(frame) > MAX_FRAME_BYTES:
            raise ChannelError(
                f"a frame of {len(frame)} bytes is larger than the {MAX_FRAME_BYTES} that a channel takes"
            )
        if not self._writer.transport.is_closing():
            self._writer.write(len(frame).to_bytes(LENGTH_BYTES, "big") + frame)

    async def drain(self) -> None:
        """Wait until the other side has read enough. Raises ConnectionError when it is gone."""
        await self._writer.drain()

    async def receive(self) -> bytes | None:
        """Return the next frame; None at the end, also when it comes in the middle of a frame. Raises ChannelError."""
        try:
            length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
            if length > MAX_FRAME_BYTES:
                raise ChannelError(f"a frame claims {length} bytes and the most is {MAX_FRAME_BYTES}")
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def close(self) -> None:
        """Send what is queued, as far as the other side takes it, and close."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def abort(self) -> None:
        """Close at once, and drop what is queued."""
        transport = self._writer.transport
        # A transport that has ended already does not take it.
        if not transport.is_closing() or transport.get_write_buffer_size():
            transport.abort()
        await self.close()
