"""Which ``Host`` fields the admin port answers.

A page in the user's browser can point a name of its own at 127.0.0.1 and then read what listens there (DNS
rebinding); only the name in ``Host`` gives it away. A port that everybody may reach has nothing to guard.
"""

from __future__ import annotations

import ipaddress

import msgspec

_LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))


class HostGuard(msgspec.Struct, frozen=True):
    """``bind`` is the IP address that the admin port is bound to."""

    bind: str

    def __post_init__(self) -> None:
        ipaddress.ip_address(self.bind)

    def allows(self, host: str) -> bool:
        """Decide on the value of a ``Host`` field, with or without a port."""
        if not ipaddress.ip_address(self.bind).is_loopback:
            return True
        name = _without_port(host).lower()
        return name in _LOCAL_NAMES or name == self.bind


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and ":" not in name else host
