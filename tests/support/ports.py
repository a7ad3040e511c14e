"""Ports of this machine: free ones, and what a port does with a client."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Return a port that nobody listens on; whoever wants it should be quick."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 10).close()
    except ConnectionRefusedError:
        return True
    return False
