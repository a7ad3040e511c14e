"""The name behind a Service of type ExternalName."""

from __future__ import annotations

import ipaddress
import re

from ingressd.translate.endpoints import read_address

LONGEST_NAME = 253
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback")


def read_external_name(text: str, *, loopback: bool) -> tuple[str, str]:
    """Return the name in lower case, and what is wrong with it ("" when it may be connected to).

    A name whose last label is a number would be taken for an address by the resolver (``127.1``, ``0x7f.1``), so it
    must be a full IP address. What a name resolves to is only known when connecting, and is checked there.
    """
    name = text.lower().removesuffix(".") if text.isascii() else text
    try:
        ipaddress.ip_address(name)
    except ValueError:
        pass
    else:
        return read_address(name, loopback=loopback)
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        return name, "is no DNS name"
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return name, "is neither a DNS name nor a full IP address"
    if not loopback and (name in _LOOPBACK_NAMES or name.endswith(".localhost")):
        return name, "is the machine of the controller itself"
    return name, ""
