"""Where a browser finds what ingressd serves."""

from __future__ import annotations

import ipaddress
import shlex

import msgspec

from ingressd.routing.host_names import ANY_HOST
from ingressd.settings import DEFAULT_BIND, LOOPBACK

_EXAMPLE_LABEL = "any"
_STANDARD_PORTS = {"http": 80, "https": 443}


class Addresses(msgspec.Struct, frozen=True):
    """The addresses and the ports that ingressd listens on; ``bind`` is for HTTP and HTTPS."""

    bind: str
    http: int
    https: int
    admin: int
    admin_bind: str = DEFAULT_BIND

    @property
    def reachable(self) -> str:
        """The address to connect to from this machine for what is served."""
        return _reachable(self.bind)

    @property
    def http_url(self) -> str:
        return self.url("http", _bracketed(self.reachable), "/")

    @property
    def https_url(self) -> str:
        return self.url("https", _bracketed(self.reachable), "/")

    @property
    def admin_url(self) -> str:
        return f"http://{_bracketed(_reachable(self.admin_bind))}{_port('http', self.admin)}/"

    @property
    def exposure(self) -> tuple[str, ...]:
        """A sentence for each address that other machines can connect to: the URLs show one of this machine."""
        listeners = ((self.bind, "HTTP and HTTPS listen"), (self.admin_bind, "The admin port listens"))
        return tuple(f"{who} on {_named(bind)}." for bind, who in listeners if not _is_loopback(bind))

    def url(self, scheme: str, host: str, path: str) -> str:
        """Return the URL of ``path`` under ``host``, a host of the routing table; ``*`` stands for any host."""
        return f"{scheme}://{host or '*'}{_port(scheme, self._port_of(scheme))}{path}"

    def example_url(self, scheme: str, host: str, path: str) -> str:
        """Return a URL that works when it is pasted: ``any`` stands for the label that a wildcard covers."""
        if host == ANY_HOST:
            host = _bracketed(self.reachable)
        return self.url(scheme, _example_host(host), path)

    def resolves(self, host: str) -> bool:
        """Whether ``host`` leads here without help: browsers and curl resolve ``localhost`` names to loopback
        (RFC 6761 section 6.3), and to no other address of this machine."""
        if host == ANY_HOST:
            return True
        is_local_name = host == "localhost" or host.endswith(".localhost")
        return is_local_name and self.reachable in LOOPBACK.values()

    def curl(self, scheme: str, host: str, path: str, *, authority_file: str = "") -> str:
        """Return a command line that fetches ``path``; ``authority_file`` is the CA that HTTPS is verified with."""
        parts = ["curl"]
        if authority_file and scheme == "https":
            parts.append(f"--cacert {_quoted(authority_file)}")
        if not self.resolves(host):
            name = _example_host(host)
            parts.append(f"--resolve {name}:{self._port_of(scheme)}:{_bracketed(self.reachable)}")
        parts.append(_quoted(self.example_url(scheme, host, path)))
        return " ".join(parts)

    def _port_of(self, scheme: str) -> int:
        return self.https if scheme == "https" else self.http


def _reachable(bind: str) -> str:
    """An unspecified address stands for every one of this machine."""
    address = ipaddress.ip_address(bind)
    return LOOPBACK[address.version] if address.is_unspecified else bind


def _is_loopback(bind: str) -> bool:
    return ipaddress.ip_address(bind).is_loopback


def _named(bind: str) -> str:
    every = ", every address of this machine" if ipaddress.ip_address(bind).is_unspecified else ""
    return f"{bind}{every}: other machines can connect"


def _example_host(host: str) -> str:
    return f"{_EXAMPLE_LABEL}{host[1:]}" if host.startswith("*.") else host


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _port(scheme: str, port: int) -> str:
    return "" if _STANDARD_PORTS[scheme] == port else f":{port}"


def _quoted(text: str) -> str:
    return shlex.quote(text)
