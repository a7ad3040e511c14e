"""Every route as one row: URL, Ingress, Service, endpoints."""

from __future__ import annotations

from collections import Counter

import msgspec

from ingressd.controller.controller import Controller
from ingressd.resources.key import ObjectKey
from ingressd.routing.host_names import ANY_HOST
from ingressd.routing.route import Route
from ingressd.routing.virtual_host import VirtualHost
from ingressd.translate.annotations.programs import AllowedPrograms
from ingressd.translate.conflicts import ingress_key

MAX_ADDRESSES = 10


class RouteRow(msgspec.Struct, frozen=True, kw_only=True):
    """``host`` is empty for any host; ``kind`` is exact, prefix, regex, or default for a default backend. ``origin``
    reads ``namespace/name#rule/path``. ``addresses`` are the first ``MAX_ADDRESSES`` endpoints. ``unavailable`` is
    the reason of the answer when there is no endpoint, else empty. ``tls_secret`` is the
    Secret that the host's certificate is to come from, usable or not, and empty where no Ingress names one.
    ``problems`` counts those of the Ingress. ``middleware`` is the Python code that requests pass, from the outermost
    on; ``handler`` answers them in place of a Service, and is empty for most routes."""

    host: str
    path: str
    kind: str
    namespace: str
    ingress: str
    origin: str
    service: str
    port: str
    endpoints: int
    addresses: tuple[str, ...]
    tls_secret: str
    problems: int
    unavailable: str
    middleware: tuple[str, ...] = ()
    handler: str = ""


def route_rows(controller: Controller) -> tuple[RouteRow, ...]:
    """List all routes: named hosts, then wildcards, then any host; paths in alphabetical order."""
    problems = Counter(problem.key for problem in controller.problems() if problem.key is not None)
    rows: list[RouteRow] = []
    for host in sorted(controller.table.hosts, key=_host_order):
        virtual_host = controller.table.hosts[host]
        rows.extend(
            _row(controller, virtual_host, route, route.kind.value, problems)
            for route in sorted(virtual_host.paths.routes, key=lambda route: (route.path, route.kind))
        )
        if virtual_host.fallback is not None:
            rows.append(_row(controller, virtual_host, virtual_host.fallback, "default", problems))
    return tuple(rows)


def _host_order(host: str) -> tuple[bool, bool, str]:
    return (host == ANY_HOST, host.startswith("*."), host)


def _row(
    controller: Controller, virtual_host: VirtualHost, route: Route, kind: str, problems: Counter[ObjectKey]
) -> RouteRow:
    upstream = controller.table.upstreams.get(route.upstream) if route.upstream is not None else None
    endpoints = upstream.endpoints if upstream is not None else ()
    handler = route.program.handler if route.program is not None else ""
    if route.denied:
        unavailable = "route_denied"
    elif handler:
        unavailable = ""
    elif upstream is None:
        unavailable = "resource_backend"
    else:
        unavailable = upstream.unavailable.value if upstream.unavailable is not None else ""
    return RouteRow(
        host=virtual_host.host,
        path=route.path,
        kind=kind,
        namespace=route.origin.namespace,
        ingress=route.origin.ingress,
        origin=str(route.origin),
        service=route.service,
        port=route.service_port,
        endpoints=len(endpoints),
        addresses=tuple(str(endpoint) for endpoint in endpoints[:MAX_ADDRESSES]),
        tls_secret=controller.table.certificate_name(virtual_host.host) or "",
        problems=problems[ingress_key(route.origin)],
        unavailable=unavailable,
        middleware=middleware_of(route, controller.settings.programs),
        handler=handler,
    )


def middleware_of(route: Route, allowed: AllowedPrograms) -> tuple[str, ...]:
    """Name the middlewares that a request of the route passes, from the outermost on; none when it is denied."""
    if route.denied:
        return ()
    return allowed.everywhere + (route.program.middleware if route.program is not None else ())
