"""Where one server listens."""

from __future__ import annotations

import msgspec


class Endpoint(msgspec.Struct, frozen=True, order=True, gc=False, cache_hash=True):
    """``address`` is an IP address, or a DNS name that is resolved at each connect (ExternalName). ``guarded``: the
    author of the name is not trusted, so it must not lead to this machine."""

    address: str
    port: int
    guarded: bool = False

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"
