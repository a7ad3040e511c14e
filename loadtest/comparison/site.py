"""What every proxy is asked to serve, so that they all have the same work."""

from __future__ import annotations

from pathlib import Path

import msgspec

HOST = "localhost"
"""A name that every resolver knows, because wrk resolves what it sends as SNI. Its certificate is ECDSA P-256."""
RSA_HOST = "rsa.localhost"
"""The same routes with an RSA-2048 certificate."""
BODIES_PATH = "/bodies"
"""What begins so goes to the backend for uploads and WebSockets, everything else to the one for small answers."""
UPSTREAM_CONNECTIONS = 256
"""How many idle connections to an upstream a proxy may keep, where it can be told."""
BACKLOG = 4096
MOST_CONNECTIONS = 11_000


class HostCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """``combined`` has both in one file, as HAProxy reads them."""

    host: str
    chain: Path
    key: Path
    combined: Path


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One proxy's ports, and what is behind it. ``folder`` is the proxy's; ``route_hosts`` are served without TLS."""

    folder: Path
    http_port: int
    https_port: int
    answers_port: int
    bodies_port: int
    certificates: tuple[HostCertificate, ...]
    route_hosts: tuple[str, ...] = ()
    access_log: bool = False

    @property
    def log_file(self) -> Path:
        """Where the access log goes, and whatever else the proxy has to say on standard output.

        Not among the manifests: ingressd watches their folder, and would be woken by each line.
        """
        return self.folder / "log" / "log.txt"


def route_hosts(count: int) -> tuple[str, ...]:
    return tuple(f"app-{number}.localhost" for number in range(count))
