"""A match on a path, and what happens then."""

from __future__ import annotations

import enum
from typing import Final

from ingressd.policies.program import Program
from ingressd.policies.rewrite import Rewrite
from ingressd.policies.timeouts import Timeouts
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.upstream import UpstreamKey


class PathKind(enum.StrEnum):
    """EXACT: equal text. PREFIX: equal path elements from the left. REGEX: an RE2 pattern matches from the left."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"


RouteTuple = tuple[
    RouteOrigin,
    str,
    PathKind,
    str,
    UpstreamKey | None,
    str,
    str,
    Timeouts | None,
    Rewrite | None,
    str,
    Program | None,
]


class Route:
    """``host`` is canonical: lower case, ``*.`` in front for a wildcard, empty for any host. ``path`` is
    canonical (``routing.path``), or the pattern of a REGEX. ``upstream`` is None for a backend that ingressd
    does not serve (a resource backend), and for a route that a handler answers. Without ``timeouts`` those of the
    settings hold. ``program`` is the Python code that its requests pass. ``denied`` is empty, or the sentence why every
    request is refused: the Ingress asks for protection that cannot be given. ``labels`` are namespace, Ingress and
    Service, as metrics name them. To be taken as frozen."""

    __slots__ = (
        "denied",
        "host",
        "kind",
        "labels",
        "origin",
        "path",
        "program",
        "rewrite",
        "service",
        "service_port",
        "timeouts",
        "upstream",
    )

    def __init__(
        self,
        *,
        origin: RouteOrigin,
        host: str,
        kind: PathKind,
        path: str,
        upstream: UpstreamKey | None,
        service: str = "",
        service_port: str = "",
        timeouts: Timeouts | None = None,
        rewrite: Rewrite | None = None,
        denied: str = "",
        program: Program | None = None,
    ) -> None:
        self.origin: Final = origin
        self.host: Final = host
        self.kind: Final = kind
        self.path: Final = path
        self.upstream: Final = upstream
        self.service: Final = service
        self.service_port: Final = service_port
        self.timeouts: Final = timeouts
        self.rewrite: Final = rewrite
        self.denied: Final = denied
        self.program: Final = program
        self.labels: Final = (origin.namespace, origin.ingress, service)

    def as_tuple(self) -> RouteTuple:
        """Everything that makes it up, in the order of its arguments."""
        return (
            self.origin,
            self.host,
            self.kind,
            self.path,
            self.upstream,
            self.service,
            self.service_port,
            self.timeouts,
            self.rewrite,
            self.denied,
            self.program,
        )

    @staticmethod
    def of_tuple(values: RouteTuple) -> Route:
        """The reverse of ``as_tuple``."""
        origin, host, kind, path, upstream, service, service_port, timeouts, rewrite, denied, program = values
        return Route(
            origin=origin,
            host=host,
            kind=kind,
            path=path,
            upstream=upstream,
            service=service,
            service_port=service_port,
            timeouts=timeouts,
            rewrite=rewrite,
            denied=denied,
            program=program,
        )

    def moved(self, *, origin: RouteOrigin | None = None, host: str | None = None) -> Route:
        """Return the same route as another rule says it, or of another host."""
        values = self.as_tuple()
        return Route.of_tuple(
            (values[0] if origin is None else origin, values[1] if host is None else host, *values[2:])
        )

    def __eq__(self, other: object) -> bool:
        return self.as_tuple() == other.as_tuple() if isinstance(other, Route) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.as_tuple())

    def __repr__(self) -> str:
        return f"Route{self.as_tuple()}"
