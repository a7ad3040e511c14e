"""The grammars of names in the Kubernetes API (``k8s.io/apimachinery/pkg/util/validation``)."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"

HIGHEST_PORT = 65535


class Syntax(msgspec.Struct, frozen=True):
    """A grammar: a pattern for the whole text, the most characters, and the rule in words.

    ``rule`` completes the sentence "It must be ...".
    """

    pattern: str
    longest: int
    rule: str

    def fits(self, text: str) -> bool:
        return len(text) <= self.longest and re.fullmatch(self.pattern, text) is not None

    def check(self, text: str, code: str, path: str, findings: Findings) -> None:
        """Report an error with this code when the text at ``path`` does not fit."""
        if not self.fits(text):
            findings.error(code, path, f"{shown(text)} is not valid.", f"It must be {self.rule}.")


DNS_LABEL = Syntax(
    _LABEL,
    63,
    'at most 63 lower-case letters, digits or "-", with a letter or digit first and last',
)
DNS_SUBDOMAIN = Syntax(
    _SUBDOMAIN,
    253,
    'at most 253 lower-case letters, digits, "-" or ".", with a letter or digit first and last in every part',
)
WILDCARD_HOST = Syntax(
    rf"\*\.{_SUBDOMAIN}",
    253,
    'a wildcard for exactly one whole label, the first, as in "*.example.com"',
)
PORT_NAME = Syntax(
    r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?",
    15,
    'at most 15 lower-case letters, digits or single "-", with at least one letter, and no "-" first or last',
)
QUALIFIED_NAME = Syntax(
    rf"(?:(?=[^/]{{1,253}}/){_SUBDOMAIN}/)?(?=.{{1,63}}\Z){_NAME}",
    253 + 1 + 63,
    'a name of at most 63 letters, digits, "-", "_" or ".", with a DNS name and "/" before it if you like',
)
LABEL_VALUE = Syntax(
    rf"(?:{_NAME})?",
    63,
    'empty, or at most 63 letters, digits, "-", "_" or ".", with a letter or digit first and last',
)
DATA_KEY = Syntax(
    r"(?!\.\.)(?!\.\Z)[-._a-zA-Z0-9]+",
    253,
    'at most 253 letters, digits, "-", "_" or ".", not "." alone and not starting with ".."',
)
DOMAIN_PREFIXED_PATH = Syntax(
    rf"(?=[^/]{{1,253}}/){_SUBDOMAIN}/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+",
    250,
    'a DNS name, "/" and a path, at most 250 characters, as in "example.com/ingress-controller"',
)
PATH_SEGMENT = Syntax(
    r"(?!\.\.?\Z)[^/%]+",
    253,
    'not ".", not "..", and without "/" and "%"',
)


def check_host(host: str, path: str, findings: Findings) -> None:
    """A host of a rule or of ``tls``: a DNS name or a wildcard, never an address (``IngressRule.host``)."""
    if host == "*":
        advice = 'Leave the host out to serve every host; a wildcard needs a domain, as in "*.example.com".'
        findings.error("invalid_host", path, f"{shown(host)} is not a valid host.", advice)
    elif is_address(host):
        advice = "Write a DNS name, or leave the host out to serve every host."
        findings.error("invalid_host", path, f"{shown(host)} is an IP address, not a DNS name.", advice)
    elif not (WILDCARD_HOST if "*" in host else DNS_SUBDOMAIN).fits(host):
        findings.error("invalid_host", path, f"{shown(host)} is not a valid host.", _host_advice(host))


def check_port_number(number: int, path: str, findings: Findings) -> None:
    if not 1 <= number <= HIGHEST_PORT:
        message = f"Port {number} does not exist."
        findings.error("invalid_port", path, message, f"A port is a number from 1 to {HIGHEST_PORT}.")


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address without brackets, port or zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _host_advice(host: str) -> str:
    plain = re.sub(r":\d{1,5}\Z", "", host.split("://", 1)[-1].split("/", 1)[0]).rstrip(".").lower()
    if plain != host and (DNS_SUBDOMAIN.fits(plain) or WILDCARD_HOST.fits(plain)) and not is_address(plain):
        return f'Write "{plain}": lower case, without scheme, port, path or dot at the end.'
    if "*" in host:
        return f"It must be {WILDCARD_HOST.rule}."
    return f"It must be {DNS_SUBDOMAIN.rule}."
