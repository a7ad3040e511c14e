"""How much of what was written has not reached the other side yet, and how much more the kernel takes."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from typing import Final

_SO_MEMINFO: Final = 55  # socket(7) of Linux since 4.12; Python has no name for it
_MEMINFO: Final = struct.Struct("9I")
_SEND_LIMIT: Final = 3
_SEND_QUEUED: Final = 5
_KNOWS_ROOM: Final = sys.platform == "linux"


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


def room_to_send(transport: asyncio.WriteTransport) -> int:
    """Estimate how many bytes the kernel takes at the next write, unless it runs short of memory; 0 where it does not
    tell.

    Linux takes bytes while less is queued than the limit (``sk_stream_memory_free``), and counts what keeps them too:
    a hundredth more, of which an eighth is left for it.
    """
    connection = transport.get_extra_info("socket")
    if connection is None or not _KNOWS_ROOM:
        return 0
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    except OSError:
        return 0
    if len(told) < _MEMINFO.size:
        return 0
    counts = _MEMINFO.unpack(told)
    room = int(counts[_SEND_LIMIT]) - int(counts[_SEND_QUEUED])
    return max(0, room - room // 8)
