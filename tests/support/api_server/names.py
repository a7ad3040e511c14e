"""What may be a name (Kubernetes apimachinery, ``pkg/util/validation``)."""

from __future__ import annotations

import ipaddress
import re

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_QUALIFIED = re.compile(r"(?:(?P<prefix>[^/]+)/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SHAPES = {
    "label": (63, re.compile(_LABEL)),
    "subdomain": (253, re.compile(rf"{_LABEL}(?:\.{_LABEL})*")),
    "wildcard": (253, re.compile(rf"\*(?:\.{_LABEL})+")),
}
_TEXTS = {
    "label": "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character",
    "subdomain": "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
    "must start and end with an alphanumeric character",
    "wildcard": "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain",
}


def name_error(shape: str, name: str) -> str:
    """Return what is wrong with a name of a shape (label, subdomain, wildcard), or nothing."""
    longest, pattern = _SHAPES[shape]
    if len(name) > longest:
        return f"must be no more than {longest} bytes"
    return "" if pattern.fullmatch(name) else _TEXTS[shape]


def port_name_error(name: str) -> str:
    """Return what is wrong with the name of a port (RFC 6335, section 5.1, in lower case), or nothing."""
    if len(name) > 15:
        return "must be no more than 15 characters"
    if not re.fullmatch(r"[-a-z0-9]+", name):
        return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search(r"[a-z]", name):
        return "must contain at least one letter (a-z)"
    if "--" in name:
        return "must not contain consecutive hyphens"
    return "must not begin or end with a hyphen" if "-" in (name[0], name[-1]) else ""


def is_qualified(key: str) -> bool:
    """Whether this may be the key of a label or annotation."""
    match = _QUALIFIED.fullmatch(key)
    return match is not None and (match["prefix"] is None or not name_error("subdomain", match["prefix"]))


def is_label_value(value: str) -> bool:
    return not value or (_QUALIFIED.fullmatch(value) is not None and "/" not in value)


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
