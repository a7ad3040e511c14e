"""Which problems touch one request, among all that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ingressd.controller.controller import Controller
from ingressd.controller.explanation import CertificateExplanation
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem
from ingressd.resources.store import lower_host
from ingressd.routing.route import Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.virtual_host import VirtualHost
from ingressd.translate.claims import Claims, TlsClaim
from ingressd.translate.conflicts import ingress_key

_RULES = "spec.rules["
_DEFAULT_BACKEND = "spec.defaultBackend"
_PATHS = ".http.paths["
_OF_ONE_PART = (_RULES, "spec.tls[", _DEFAULT_BACKEND)

_Place = tuple[ObjectKey, str]
"""An Ingress, and a JSON path in it."""


class RelatedProblems(NamedTuple):
    """``left_out`` counts the other problems of the Ingress that takes the request, or, when none does, of those
    that name its host."""

    shown: tuple[Problem, ...]
    left_out: int


def related_problems(
    controller: Controller,
    host: VirtualHost | None,
    route: Route | None,
    certificate: CertificateExplanation,
    of_upstream: Iterable[Problem],
) -> RelatedProblems:
    """Choose what touches a request that ``route`` of ``host`` takes; either is None where nothing matches.

    Of the Ingress: what concerns all of it, the path, and the ``tls`` entries of the host with their Secrets; of
    other Ingresses, the paths that lost against this one. ``of_upstream`` are the problems of the upstream, placed at
    the backend of ``route``: among those of the controller they may stand at another backend that names it first.
    """
    claims_of_host = controller.translation.claims.of_host(host.host) if host is not None else ()
    if route is not None:
        owners = {ingress_key(route.origin)}
        places = set(_places_of_route(claims_of_host, route))
    else:
        owners = {claims.key for claims in claims_of_host}
        places = {place for key in owners for place in _rules_of_host(controller, key, host)}
    objects: set[ObjectKey] = set()
    for key, entry in _tls_entries(controller, certificate.host):
        places.add((key, f"spec.tls[{entry.index}]"))
        objects.add(ObjectKey(Kind.SECRET, key.namespace, entry.secret_name))
    if certificate.secret:
        objects.add(ObjectKey(Kind.SECRET, *certificate.secret.split("/", 1)))
    if route is not None:
        objects.add(ObjectKey(Kind.SERVICE, route.origin.namespace, route.service))
        slices = controller.store.slices_of_service(route.origin.namespace, route.service)
        objects.update(found.key for found in slices)
    recomputed = tuple(of_upstream)
    codes = {problem.code for problem in recomputed}
    first = _first_use(controller, route)
    shown: dict[Problem, None] = {}
    left_out = 0
    for problem in controller.problems():
        if problem.key is None or (problem.code in codes and (problem.key, problem.path) in first):
            continue
        if problem.key in objects or _touches(problem.key, problem.path, owners, places):
            shown[problem] = None
        elif problem.key in owners:
            left_out += 1
    shown.update(dict.fromkeys(recomputed))
    return RelatedProblems(tuple(shown), left_out)


def place_of(origin: RouteOrigin) -> str:
    """Return the JSON path of what gave a route."""
    if origin.rule is None:
        return _DEFAULT_BACKEND
    rule = f"{_RULES}{origin.rule}]"
    return rule if origin.path is None else f"{rule}{_PATHS}{origin.path}]"


def backend_place_of(origin: RouteOrigin) -> str:
    """Return the JSON path of the backend of a route."""
    return _DEFAULT_BACKEND if origin.rule is None else f"{place_of(origin)}.backend"


def _places_of_route(claims_of_host: Iterable[Claims], route: Route) -> Iterator[_Place]:
    """All of the path that won, and of those that lost against it what they match."""
    yield ingress_key(route.origin), place_of(route.origin)
    for claims in claims_of_host:
        for found in claims.hosts[route.host].routes if route.host in claims.hosts else ():
            if (found.kind, found.path) == (route.kind, route.path):
                yield claims.key, f"{place_of(found.origin)}.path"


def _rules_of_host(controller: Controller, key: ObjectKey, host: VirtualHost | None) -> Iterator[_Place]:
    ingress = controller.store.ingress(key.namespace, key.name)
    for index, rule in enumerate(ingress.spec.rules if ingress is not None else ()):
        if host is not None and lower_host(rule.host) == host.host:
            yield key, f"{_RULES}{index}]"


def _tls_entries(controller: Controller, host: str) -> Iterator[tuple[ObjectKey, TlsClaim]]:
    for claims in controller.translation.claims.of_host(host):
        for entry in claims.tls:
            if host in entry.hosts or (not host and not entry.hosts):
                yield claims.key, entry


def _first_use(controller: Controller, route: Route | None) -> set[_Place]:
    if route is None or route.upstream is None:
        return set()
    uses = controller.translation.claims.uses_of_upstream(route.upstream)
    return {(use.ingress, use.path) for use in uses}


def _touches(key: ObjectKey, path: str, owners: set[ObjectKey], places: set[_Place]) -> bool:
    if key in owners and not path.startswith(_OF_ONE_PART):
        return True
    return any(
        owner == key and (_within(path, place) or (_PATHS not in path and _within(path, place.partition(_PATHS)[0])))
        for owner, place in places
    )


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))
