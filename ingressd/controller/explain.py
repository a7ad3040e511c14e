"""Explains one request from the state of the controller: the same table, asked in the same way."""

from __future__ import annotations

from collections.abc import Callable

from ingressd.controller.controller import Controller
from ingressd.controller.explanation import (
    BackendExplanation,
    EndpointExplanation,
    Explanation,
    FinalAnswer,
    RouteCandidate,
    Winner,
)
from ingressd.controller.host_candidates import host_candidates
from ingressd.controller.passed_over import passed_over
from ingressd.controller.path_candidates import path_candidates
from ingressd.controller.related_problems import backend_place_of, place_of, related_problems
from ingressd.controller.request_url import read_url
from ingressd.controller.routes import middleware_of
from ingressd.controller.served_certificate import served_certificate
from ingressd.resources.field_path import shown
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Location
from ingressd.routing.methods import METHODS, REFUSED_METHODS
from ingressd.routing.path import PathError
from ingressd.routing.rewriting import rewritten_path
from ingressd.routing.route import Route
from ingressd.routing.upstream import Unavailable
from ingressd.routing.virtual_host import VirtualHost
from ingressd.translate.conflicts import ingress_key
from ingressd.translate.endpoints import EndpointVerdict
from ingressd.translate.upstreams import UpstreamTranslation, UpstreamUse, translate_upstream

__all__ = ["Explanation", "Locate", "explain"]

Locate = Callable[[ObjectKey, str], Location | None]

UNAVAILABLE_WHY: dict[Unavailable, str] = {
    Unavailable.NO_SERVICE: "The Service does not exist.",
    Unavailable.NO_SERVICE_PORT: "The Service has no such port.",
    Unavailable.NO_ENDPOINTS: "The Service has no endpoint that takes requests.",
    Unavailable.EXTERNAL_NAME_REFUSED: "The Service is an ExternalName that is not served here.",
}


def explain(controller: Controller, method: str, url: str, locate: Locate | None = None) -> Explanation:
    """Explain what becomes of a request ``method`` for ``url``, with or without a scheme, now.

    ``locate`` says where a field of an object stands in a file (``sources.origins.Origins.locate``). Raises ValueError
    for text that is no URL.
    """
    asked = read_url(url)
    host, path = asked.host.canonical, asked.path.canonical
    certificate = served_certificate(controller, host)
    answer = _refusal(method, asked.fault)
    if answer is not None:
        return Explanation(
            method=method, url=url, host=asked.host, path=asked.path, certificate=certificate, answer=answer
        )
    table = controller.table
    match = table.match(host, path)
    route = match.route
    candidates, left_out = _routes(controller, match.host, path, route)
    translated = (
        translate_upstream(route.upstream, controller.store, (_use(route),), controller.settings)
        if route is not None and route.upstream is not None
        else None
    )
    problems = related_problems(
        controller, match.host, route, certificate, translated.problems if translated is not None else ()
    )
    return Explanation(
        method=method,
        url=url,
        host=asked.host,
        path=asked.path,
        hosts=host_candidates(table, host, passed_over(controller)),
        routes=candidates,
        routes_left_out=left_out,
        winner=_winner(controller, route, path, locate) if route is not None else None,
        certificate=certificate,
        backend=_backend(controller, route, translated) if route is not None and translated is not None else None,
        answer=_answer(controller, match.host, route),
        problems=problems.shown,
        problems_left_out=problems.left_out,
    )


def _use(route: Route) -> UpstreamUse:
    return UpstreamUse(ingress_key(route.origin), backend_place_of(route.origin))


def _refusal(method: str, fault: str) -> FinalAnswer | None:
    """What is answered before a host or a path is looked at; ``fault`` is why the path is none."""
    if method in REFUSED_METHODS:
        return FinalAnswer(False, 405, "method_not_allowed", f"The request is refused: {method} is not served.")
    if method not in METHODS:
        upper = method.upper()
        advice = f" Methods are compared with their case: write {upper}." if upper in METHODS else ""
        why = f"The request is refused: the method {shown(method)} is not known.{advice}"
        return FinalAnswer(False, 400, "malformed_request", why)
    if fault:
        return FinalAnswer(False, 400, "malformed_request", f"The request is refused: {fault}.")
    return None


def _routes(
    controller: Controller, virtual_host: VirtualHost | None, path: str, winner: Route | None
) -> tuple[tuple[RouteCandidate, ...], int]:
    if virtual_host is None:
        return (), 0
    kept = {route.origin for route in virtual_host.paths.routes}
    dropped = [
        route
        for claims in sorted(
            controller.translation.claims.of_host(virtual_host.host), key=lambda claims: claims.precedence
        )
        for route in (claims.hosts[virtual_host.host].routes if virtual_host.host in claims.hosts else ())
        if route.origin not in kept
    ]
    return path_candidates(virtual_host.paths.routes, dropped, path, winner)


def _winner(controller: Controller, route: Route, path: str, locate: Locate | None) -> Winner:
    key = ingress_key(route.origin)
    claims = controller.translation.claims.get(key)
    ingress = controller.store.ingress(key.namespace, key.name)
    written = ingress.metadata.annotations if ingress is not None else {}
    virtual_host = controller.table.hosts.get(route.host)
    return Winner(
        route.origin.namespace,
        route.origin.ingress,
        route.origin.rule,
        route.origin.path,
        locate(key, place_of(route.origin)) if locate is not None else None,
        claims.decision.class_name if claims is not None else "",
        claims.decision.why if claims is not None else "",
        {name: written[name] for name in claims.effects.in_force if name in written} if claims is not None else {},
        route.rewrite.target if route.rewrite is not None else "",
        virtual_host.paths.captures(route, path) if virtual_host is not None else (),
        _forwarded_path(virtual_host, route, path),
        middleware_of(route, controller.settings.programs),
        route.program.handler if route.program is not None else "",
    )


def _forwarded_path(virtual_host: VirtualHost | None, route: Route, path: str) -> str:
    try:
        return rewritten_path(virtual_host, route, path)
    except PathError:
        return ""


def _backend(controller: Controller, route: Route, translated: UpstreamTranslation) -> BackendExplanation:
    upstream = translated.upstream
    if translated.mapped is not None:
        why = f"{translated.mapped} replaces the endpoints of the Service."
    elif upstream.unavailable is not None:
        why = UNAVAILABLE_WHY[upstream.unavailable]
    elif not translated.verdicts:
        why = "The Service is a name outside the cluster."
    else:
        used = len(upstream.endpoints)
        why = f"{used} of {len(translated.verdicts)} endpoints take requests."
    port = translated.port
    return BackendExplanation(
        upstream.namespace,
        upstream.service,
        upstream.port,
        (f"{port.name} ({port.port})" if port.name else str(port.port)) if port is not None else "",
        str(port.port if port.target_port is None else port.target_port) if port is not None else "",
        tuple(_endpoint(verdict) for verdict in translated.verdicts),
        tuple(str(endpoint) for endpoint in upstream.endpoints),
        why,
    )


def _endpoint(verdict: EndpointVerdict) -> EndpointExplanation:
    conditions = verdict.conditions
    return EndpointExplanation(
        str(verdict.endpoint),
        verdict.slice_name,
        verdict.pod,
        conditions.ready,
        conditions.serving,
        conditions.terminating,
        verdict.used,
        verdict.why,
    )


def _answer(controller: Controller, host: VirtualHost | None, route: Route | None) -> FinalAnswer:
    if host is None:
        return FinalAnswer(False, 404, "no_host", "No Ingress serves this host.")
    if route is None:
        return FinalAnswer(False, 404, "no_path", "No path of this host matches, and there is no default backend.")
    if route.denied:
        return FinalAnswer(False, 503, "route_denied", route.denied)
    if route.program is not None and route.program.handler:
        return FinalAnswer(False, None, "", f"The handler {route.program.handler} answers, and no Service is asked.")
    upstream = controller.table.upstreams.get(route.upstream) if route.upstream is not None else None
    if upstream is None:
        return FinalAnswer(False, 503, "resource_backend", "The backend of this path is not served.")
    if upstream.unavailable is not None:
        return FinalAnswer(False, 503, upstream.unavailable.value, UNAVAILABLE_WHY[upstream.unavailable])
    count = len(upstream.endpoints)
    return FinalAnswer(
        True,
        None,
        "",
        f"The request is forwarded to {upstream.endpoints[0]}."
        if count == 1
        else f"The request is forwarded to one of {count} endpoints.",
    )
