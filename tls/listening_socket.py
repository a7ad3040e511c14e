"""Accepting connections without what Python's own sockets look up for each."""

from __future__ import annotations

import socket
from typing import Any, Self


class PlainSocket(socket.socket):
    """``family`` and ``type`` are the numbers that they are.

    ``socket.socket`` makes a member of an enumeration of each, whenever it is looked at. Accepting a connection and
    giving it to an event loop looks at them seven times, which is dearer than the system calls.
    """

    family = socket.SocketType.family  # type: ignore[assignment]  # numbers, where the stubs say members
    type = socket.SocketType.type  # type: ignore[assignment]  # the same


class ListeningSocket(PlainSocket):
    @classmethod
    def of(cls, sock: socket.socket) -> Self:
        """Take over the descriptor of ``sock``, unless that is a ``ListeningSocket`` already."""
        return sock if isinstance(sock, cls) else cls(sock.family, sock.type, sock.proto, sock.detach())

    def accept(self) -> tuple[socket.socket, Any]:
        """As ``socket.socket.accept``, but the connection is blocking whatever the default timeout is."""
        descriptor, address = self._accept()  # type: ignore[attr-defined]  # what socket.socket.accept calls; the stubs leave it out
        return PlainSocket(self.family, self.type, self.proto, descriptor), address
