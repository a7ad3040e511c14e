"""How much of what was written has not reached the other side yet."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios


def unsent_bytes(transport: asyncio.WriteTransport | None) -> int:
    """Count the bytes in the transport's buffer, and in the kernel's where the system tells.

    A peer that reads slowly shows here long before a transport says that it may be written to again: the kernel
    reports room only in large steps. Counts also while the transport closes, which it does only when all is sent.
    """
    if transport is None:
        return 0
    waiting = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if connection is None:
        return waiting
    try:
        queued = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except (OSError, ValueError):  # it has been closed
        return waiting
    return waiting + int(struct.unpack("i", queued)[0])
