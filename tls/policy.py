"""How a host wants TLS to be spoken."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

TlsVersion = Literal["TLSv1.2", "TLSv1.3"]
"""Older versions are not offered: RFC 8996 forbids them."""


class TlsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """``alpn`` lists application protocols, most wanted first (RFC 7301); empty means no negotiation."""

    minimum_version: TlsVersion = "TLSv1.2"
    alpn: tuple[str, ...] = ("http/1.1",)

    def __post_init__(self) -> None:
        # A type checker and a decoder see to this too; a constructor called from untyped code does not.
        if self.minimum_version not in get_args(TlsVersion):
            raise ValueError(f"minimum_version must be TLSv1.2 or TLSv1.3, not {self.minimum_version!r}")
        for protocol in self.alpn:
            if not (protocol.isascii() and 1 <= len(protocol) <= 255):
                raise ValueError(f"an ALPN protocol is 1 to 255 ASCII characters, not {protocol!r}")
        if len(set(self.alpn)) != len(self.alpn):
            raise ValueError(f"alpn names a protocol twice: {', '.join(self.alpn)}")
