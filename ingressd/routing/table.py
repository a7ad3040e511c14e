"""The routing table, and how it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from ingressd.routing.difference import TableDifference
from ingressd.routing.host_names import ANY_HOST, wildcard_of
from ingressd.routing.route import Route
from ingressd.routing.upstream import Upstream, UpstreamKey
from ingressd.routing.virtual_host import VirtualHost
from tls.key_pair import KeyPair

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Match:
    """``host`` is None when no virtual host takes the request; ``route`` when none of its paths does. To be taken as
    frozen."""

    __slots__ = ("host", "route")

    def __init__(self, host: VirtualHost | None, route: Route | None) -> None:
        self.host: Final = host
        self.route: Final = route


class RoutingTable:
    """Three dictionaries of immutable values; a change is one assignment for each value that differs.

    ``certificates`` is keyed by ``namespace/name`` of the Secret.
    """

    __slots__ = ("certificates", "hosts", "upstreams")

    def __init__(self) -> None:
        self.hosts: dict[str, VirtualHost] = {}
        self.upstreams: dict[UpstreamKey, Upstream] = {}
        self.certificates: dict[str, KeyPair] = {}

    def apply(self, difference: TableDifference) -> TableDifference:
        """Take ``difference`` over, and return the one that takes it back: the values that were there before.

        Upstreams and certificates come before the hosts that refer to them, and leave after.
        """
        before = TableDifference(
            {host: self.hosts.get(host) for host in difference.hosts},
            {key: self.upstreams.get(key) for key in difference.upstreams},
            {name: self.certificates.get(name) for name in difference.certificates},
        )
        _assign(self.certificates, difference.certificates, removing=False)
        _assign(self.upstreams, difference.upstreams, removing=False)
        _assign(self.hosts, difference.hosts, removing=False)
        _assign(self.hosts, difference.hosts, removing=True)
        _assign(self.upstreams, difference.upstreams, removing=True)
        _assign(self.certificates, difference.certificates, removing=True)
        return before

    def whole(self) -> TableDifference:
        """Return everything as a difference, for somebody who has an empty table."""
        return TableDifference(dict(self.hosts), dict(self.upstreams), dict(self.certificates))

    def find_host(self, host: str) -> VirtualHost | None:
        """Return who takes requests for ``host`` (canonical): itself, else its wildcard, else any host."""
        found = self.hosts.get(host)
        if found is not None and found.routed:
            return found
        wildcard = wildcard_of(host)
        if wildcard is not None:
            found = self.hosts.get(wildcard)
            if found is not None and found.routed:
                return found
        found = self.hosts.get(ANY_HOST)
        return found if found is not None and found.routed else None

    def match(self, host: str, path: str) -> Match:
        """Find the route of a request; both arguments are canonical.

        The host is decided first and is final: a path that it does not have goes to its default backend, then to
        that of any host, never to the paths of another host.
        """
        virtual_host = self.find_host(host)
        return Match(virtual_host, None if virtual_host is None else self.find_route(virtual_host, path))

    def find_route(self, virtual_host: VirtualHost, path: str) -> Route | None:
        """Return the route of ``path`` (canonical) once the host is decided."""
        route = virtual_host.paths.find(path)
        if route is None:
            route = virtual_host.fallback
            if route is None:
                any_host = self.hosts.get(ANY_HOST)
                route = any_host.fallback if any_host is not None else None
        return route

    def certificate_name(self, server_name: str | None) -> str | None:
        """Return which certificate a connection for ``server_name`` gets: exact, wildcard, then any host's.

        The first host that names one decides, also when ``certificates`` has no entry of that name.
        """
        if server_name is not None:
            for name in (server_name, wildcard_of(server_name)):
                virtual_host = self.hosts.get(name) if name is not None else None
                if virtual_host is not None and virtual_host.certificate is not None:
                    return virtual_host.certificate
        any_host = self.hosts.get(ANY_HOST)
        return any_host.certificate if any_host is not None else None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RoutingTable):
            return NotImplemented
        return (self.hosts, self.upstreams, self.certificates) == (
            other.hosts,
            other.upstreams,
            other.certificates,
        )

    __hash__ = None  # type: ignore[assignment]  # it changes; that is how Python is told, and not how object is typed

    def __repr__(self) -> str:
        return (
            f"<RoutingTable {len(self.hosts)} hosts, {len(self.upstreams)} upstreams, "
            f"{len(self.certificates)} certificates>"
        )


def _assign(current: dict[_Key, _Value], changed: Mapping[_Key, _Value | None], *, removing: bool) -> None:
    for key, value in changed.items():
        if value is None:
            if removing:
                current.pop(key, None)
        elif not removing:
            current[key] = value
