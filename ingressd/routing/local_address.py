"""Addresses that mean the machine that connects to them."""

from __future__ import annotations

import ipaddress


def is_local(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is a loopback, link-local or unspecified address, also as an IPv4-mapped one (RFC 4291, 2.5.5.2).

    Link-local is where the metadata service of a cloud answers.
    """
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    judged = mapped or address
    return judged.is_loopback or judged.is_link_local or judged.is_unspecified
