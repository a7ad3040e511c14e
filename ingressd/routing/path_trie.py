"""The routes of one host, and which of them a path belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import re2

from ingressd.routing.path import path_elements
from ingressd.routing.route import PathKind, Route


class PatternError(ValueError):
    """A regular expression that cannot be used; the text says why."""


MAX_PATTERN_LENGTH = 1024
MAX_PATTERN_MEMORY_BYTES = 1 << 20


def compile_pattern(pattern: str) -> Any:
    """Compile an RE2 pattern, anchored at the left and blind to case, as ingress-nginx matches regex paths.

    RE2 runs in time linear in the path, so no pattern in a manifest lets a client burn the processor. Raises
    PatternError.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise PatternError(f"the pattern is longer than {MAX_PATTERN_LENGTH} characters")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MAX_PATTERN_MEMORY_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else error
        reason = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise PatternError(f"RE2 does not accept the pattern: {reason}") from error


class _Node:
    __slots__ = ("children", "route")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.route: Route | None = None


class PathTrie:
    """Immutable: the value is ``routes``; the rest is built from it once.

    Precedence (Ingress API, "Multiple matches"; the last two rules are ours, where the API is silent):

    1. an EXACT route whose path equals the request's;
    2. the PREFIX route with the most path elements, and of two with the same elements the longer text;
    3. a REGEX route beats a PREFIX route with a shorter text, and a REGEX route with a shorter text;
    4. of routes that still tie, the first in ``routes``.
    """

    __slots__ = ("_exact", "_patterns", "_root", "routes")

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._exact: dict[str, Route] = {}
        self._root = _Node()
        patterns: list[tuple[Route, Any]] = []
        for route in self.routes:
            if route.kind is PathKind.EXACT:
                self._exact.setdefault(route.path, route)
            elif route.kind is PathKind.PREFIX:
                self._add_prefix(route)
            else:
                patterns.append((route, compile_pattern(route.path)))
        patterns.sort(key=lambda entry: -len(entry[0].path))
        self._patterns = tuple(patterns)

    def find(self, path: str) -> Route | None:
        """Return the route that ``path`` (canonical) belongs to."""
        route = self._exact.get(path)
        if route is not None:
            return route
        best = self._longest_prefix(path)
        for candidate, pattern in self._patterns:
            if best is not None and len(candidate.path) <= len(best.path):
                break
            if pattern.match(path):
                return candidate
        return best

    def captures(self, route: Route, path: str) -> tuple[str, ...]:
        """Return what the groups of a REGEX route's pattern captured in ``path``; empty for other routes."""
        for candidate, pattern in self._patterns:
            if candidate is route:
                found = pattern.match(path)
                return tuple(group or "" for group in found.groups()) if found else ()
        return ()

    def _add_prefix(self, route: Route) -> None:
        node = self._root
        for element in path_elements(route.path):
            node = node.children.setdefault(element, _Node())
        if node.route is None or len(route.path) > len(node.route.path):
            node.route = route

    def _longest_prefix(self, path: str) -> Route | None:
        node = self._root
        best = node.route
        for element in path.split("/")[1:]:
            child = node.children.get(element)
            if child is None:
                break
            node = child
            if node.route is not None:
                best = node.route
        return best

    def __eq__(self, other: object) -> bool:
        return self.routes == other.routes if isinstance(other, PathTrie) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.routes)

    def __repr__(self) -> str:
        return f"PathTrie({', '.join(f'{route.kind} {route.path}' for route in self.routes)})"
