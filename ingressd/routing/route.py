"""A match on a path, and what happens then."""

from __future__ import annotations

import enum

import msgspec

from ingressd.policies.program import Program
from ingressd.policies.rewrite import Rewrite
from ingressd.policies.timeouts import Timeouts
from ingressd.routing.upstream import UpstreamKey


class PathKind(enum.StrEnum):
    """EXACT: equal text. PREFIX: equal path elements from the left. REGEX: an RE2 pattern matches from the left."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"


class RouteOrigin(msgspec.Struct, frozen=True, order=True, gc=False):
    """Which rule a user wrote. ``rule`` and ``path`` are indexes from 0; both None for a default backend,
    only ``path`` None for a rule without paths."""

    namespace: str
    ingress: str
    rule: int | None = None
    path: int | None = None

    def __str__(self) -> str:
        place = "" if self.rule is None else f"#{self.rule}" if self.path is None else f"#{self.rule}/{self.path}"
        return f"{self.namespace}/{self.ingress}{place}"


class Route(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``host`` is canonical: lower case, ``*.`` in front for a wildcard, empty for any host. ``path`` is
    canonical (``routing.path``), or the pattern of a REGEX. ``upstream`` is None for a backend that ingressd
    does not serve (a resource backend), and for a route that a handler answers. Without ``timeouts`` those of the
    settings hold. ``program`` is the Python code that its requests pass. ``denied`` is empty, or the sentence why every
    request is refused: the Ingress asks for protection that cannot be given."""

    origin: RouteOrigin
    host: str
    kind: PathKind
    path: str
    upstream: UpstreamKey | None
    service: str = ""
    service_port: str = ""
    timeouts: Timeouts | None = None
    rewrite: Rewrite | None = None
    denied: str = ""
    program: Program | None = None
