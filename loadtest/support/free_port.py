"""A port for a program that has to be told where to listen."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a port of the loopback address that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
