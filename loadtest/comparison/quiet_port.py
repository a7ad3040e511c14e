"""A port for a proxy to listen on, among the ones that the kernel gives to nobody."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_BELOW = 10_000
_LOWEST = 1024
_TRIES = 100


def quiet_port() -> int:
    """Return a port of the loopback address that was free a moment ago, below those of outgoing connections.

    A load of new connections uses all of those, and one of them may be the port that was free. Raises RuntimeError.
    """
    first = int(_RANGE_FILE.read_text(encoding="ascii").split()[0])
    for _ in range(_TRIES):
        port = random.randrange(max(_LOWEST, first - _BELOW), first)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise RuntimeError(f"no free port below {first}")
