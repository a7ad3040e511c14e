"""Server names: one canonical spelling, and which certificate name covers which server name."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_SERVER_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_DOTTED_NUMBERS = re.compile(r"\d+(?:\.\d+){3}", re.ASCII)
_LONGEST_NAME = 253
"""RFC 1035 section 2.3.4 allows 255 octets on the wire: 253 characters of text."""


def canonical_server_name(text: str) -> str | None:
    """The spelling under which a DNS name is compared everywhere: lower case, without one trailing dot.

    Labels are letters, digits, hyphens (not at an end) and underscores, which are no host names but are in
    use. Internationalised names are expected as A-labels (``xn--``). Anything else is no server name, and
    neither is an IP address (RFC 6066 section 3): the answer is ``None``.
    """
    # Before lower(): some letters outside ASCII have an ASCII lower case (U+212A KELVIN SIGN becomes "k").
    if not text.isascii():
        return None
    name = text.lower().removesuffix(".")
    return name if len(name) <= _LONGEST_NAME and _is_server_name(name) else None


@lru_cache(maxsize=1024)
def _is_server_name(name: str) -> bool:
    """Remembered: clients ask for the same few names again and again."""
    return _SERVER_NAME.fullmatch(name) is not None and _DOTTED_NUMBERS.fullmatch(name) is None


def canonical_certificate_name(text: str) -> str | None:
    """As ``canonical_server_name``, for what a certificate may name: a wildcard or an IP address too."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    if text.startswith("*."):
        parent = canonical_server_name(text[2:])
        return None if parent is None else f"*.{parent}"
    return canonical_server_name(text)


def covers(pattern: str, name: str) -> bool:
    """Whether the certificate name ``pattern`` is good for ``name``; both in canonical spelling.

    ``*.`` stands for exactly one whole label (RFC 9525 section 6.3), never for none, for two, or for a
    part of an IP address.
    """
    if pattern == name:
        return True
    if not pattern.startswith("*.") or _DOTTED_NUMBERS.fullmatch(name):
        return False
    label, _, parent = name.partition(".")
    return bool(label) and label != "*" and parent == pattern[2:]
