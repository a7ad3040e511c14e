"""Routes of one host that want the same requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ingressd.resources.field_path import shown
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem, Severity
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin


class Settlement(NamedTuple):
    routes: tuple[Route, ...]
    problems: tuple[Problem, ...]


def settle(routes: Iterable[Route]) -> Settlement:
    """Keep the first of the routes that are matched alike, and tell each loser who won; the order is precedence.

    The prefixes ``/foo`` and ``/foo/`` match the same requests too, and there the longer text wins, whoever is older
    (Ingress API, ``HTTPIngressPath.path``). The loser stays in the table, where it never matches.
    """
    kept: dict[tuple[PathKind, str], Route] = {}
    problems: list[Problem] = []
    for route in routes:
        winner = kept.setdefault((route.kind, route.path), route)
        if winner is not route:
            problems.append(_conflict(route, f"{winner.origin} comes first and has the same {_words(route)}."))
    for (kind, path), route in kept.items():
        if kind is PathKind.PREFIX and path != "/" and not path.endswith("/"):
            longer = kept.get((kind, f"{path}/"))
            if longer is not None:
                problems.append(_conflict(route, f"{longer.origin} has {path}/, which is longer and matches the same."))
    return Settlement(tuple(kept.values()), tuple(problems))


def settle_fallback(claimed: Iterable[Route]) -> tuple[Route | None, tuple[Problem, ...]]:
    """The same for default backends: a host has one."""
    winner: Route | None = None
    problems: list[Problem] = []
    for route in claimed:
        if winner is None:
            winner = route
        else:
            problems.append(
                Problem(
                    Severity.WARNING,
                    "default_backend_conflict",
                    f"The default backend is not used for {route.host or 'any host'}: {winner.origin} comes first.",
                    ingress_key(route.origin),
                    "spec.defaultBackend",
                    "Keep one default backend for the host.",
                )
            )
    return winner, tuple(problems)


def ingress_key(origin: RouteOrigin) -> ObjectKey:
    return ObjectKey(Kind.INGRESS, origin.namespace, origin.ingress)


def _conflict(loser: Route, why: str) -> Problem:
    return Problem(
        Severity.WARNING,
        "path_conflict",
        f"The path {shown(loser.path)} of {loser.host or 'any host'} is not served from here: {why}",
        ingress_key(loser.origin),
        f"spec.rules[{loser.origin.rule}].http.paths[{loser.origin.path}].path",
        "Remove one of the two, or give them different hosts or paths.",
    )


def _words(route: Route) -> str:
    return {
        PathKind.EXACT: "exact path",
        PathKind.PREFIX: "prefix",
        PathKind.REGEX: "pattern",
    }[route.kind]
