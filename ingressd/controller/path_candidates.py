"""Which path of a host takes a request, and why not the others."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.controller.explanation import RouteCandidate
from ingressd.routing.path import path_elements
from ingressd.routing.path_trie import compile_pattern
from ingressd.routing.route import PathKind, Route

MAX_CANDIDATES = 200


def path_candidates(
    routes: Iterable[Route], dropped: Iterable[Route], path: str, winner: Route | None
) -> tuple[tuple[RouteCandidate, ...], int]:
    """Judge every route of a host for the canonical ``path``; also return how many are not listed.

    ``winner`` is what the table found, None or a default backend when no path matches. ``dropped`` are routes that
    lost to another one with the same path, and are not in the table.
    """
    kept = tuple(routes)
    judged = [_judge(route, path, winner) for route in kept]
    by_match = {(route.kind, route.path): route for route in kept}
    for route in dropped:
        served = by_match.get((route.kind, route.path))
        if served is not None:
            why = f"It is not served: {served.origin} comes first and has the same path."
            judged.append(_candidate(route, not _mismatch(route, path), False, why))
    judged.sort(key=lambda candidate: (not candidate.won, not candidate.matched))
    return tuple(judged[:MAX_CANDIDATES]), max(0, len(judged) - MAX_CANDIDATES)


def _judge(route: Route, path: str, winner: Route | None) -> RouteCandidate:
    mismatch = _mismatch(route, path)
    if mismatch:
        return _candidate(route, False, False, mismatch)
    if route is winner:
        return _candidate(route, True, True, _why_won(route))
    return _candidate(route, True, False, "It matches, but " + (_why_lost(route, winner) if winner else "is not used."))


def _mismatch(route: Route, path: str) -> str:
    """Return why ``route`` does not match, or "" when it does."""
    match route.kind:
        case PathKind.EXACT:
            return "" if route.path == path else f"Exact {route.path} is not equal to {path}."
        case PathKind.PREFIX:
            return _prefix_mismatch(route.path, path)
        case PathKind.REGEX:
            found = compile_pattern(route.path).match(path)
            return "" if found else f"The pattern {route.path} does not match {path} from the left."


def _prefix_mismatch(prefix: str, path: str) -> str:
    wanted, given = path_elements(prefix), path_elements(path)
    for number, element in enumerate(wanted):
        if number >= len(given):
            return f"Prefix {prefix} does not match: it has {_elements(wanted)}, and the path has {_elements(given)}."
        if given[number] != element:
            return f"Prefix {prefix} does not match: element {given[number]!r} differs from {element!r}."
    return ""


def _why_won(route: Route) -> str:
    match route.kind:
        case PathKind.EXACT:
            return "It is equal to the path, and Exact wins over everything else."
        case PathKind.PREFIX:
            return f"It matches with {_elements(path_elements(route.path))}, and no other path matches more."
        case PathKind.REGEX:
            return "The pattern matches from the left, and no other path that matches is longer."


def _why_lost(route: Route, winner: Route) -> str:
    if winner.kind is PathKind.EXACT:
        return f"Exact {winner.path} wins over {route.kind}."
    if winner.kind is PathKind.PREFIX and route.kind is PathKind.PREFIX:
        ours, theirs = path_elements(route.path), path_elements(winner.path)
        if len(ours) != len(theirs):
            return f"with {_elements(ours)}, and {winner.path} has {len(theirs)}."
        return f"{winner.path} has the same elements and is the longer text."
    ours_length, theirs_length = len(route.path), len(winner.path)
    if ours_length == theirs_length:
        return f"{winner.kind} {winner.path} is as long and comes first."
    return f"{winner.kind} {winner.path} is longer: {theirs_length} characters, and this has {ours_length}."


def _elements(elements: list[str]) -> str:
    return "1 element" if len(elements) == 1 else f"{len(elements)} elements"


def _candidate(route: Route, matched: bool, won: bool, why: str) -> RouteCandidate:
    return RouteCandidate(route.kind.value, route.path, str(route.origin), matched, won, why)
