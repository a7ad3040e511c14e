"""Where a request goes: a pure function of its head and the table."""

from __future__ import annotations

from typing import Final

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.target import Target
from ingressd.routing.path import PathError
from ingressd.routing.rewriting import rewritten_path
from ingressd.routing.route import Route
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import Upstream


class Decision:
    """``route`` is set whenever one matched, also beside a failure. Either ``failure`` is set, or ``upstream`` is, or
    the route has a handler. ``target`` is what the upstream is asked for."""

    __slots__ = ("failure", "route", "target", "upstream")

    def __init__(self, route: Route | None, upstream: Upstream | None, target: Target, failure: Failure | None) -> None:
        self.route: Final = route
        self.upstream: Final = upstream
        self.target: Final = target
        self.failure: Final = failure


def decide(table: RoutingTable, head: RequestHead) -> Decision:
    """Match the request; the result is pinned for the request's whole life, whatever the table becomes."""
    virtual_host = table.find_host(head.authority.host)
    if virtual_host is None:
        return Decision(None, None, head.target, Failure(Reason.NO_HOST))
    route = table.find_route(virtual_host, head.target.path)
    if route is None:
        return Decision(None, None, head.target, Failure(Reason.NO_PATH))
    if route.denied:
        return Decision(route, None, head.target, Failure(Reason.ROUTE_DENIED, route.denied))
    if route.upstream is None:
        if route.program is not None and route.program.handler:
            return Decision(route, None, head.target, None)
        return Decision(route, None, head.target, Failure(Reason.RESOURCE_BACKEND))
    upstream = table.upstreams.get(route.upstream)
    if upstream is None:
        return Decision(route, None, head.target, Failure(Reason.NO_SERVICE))
    if upstream.unavailable is not None:
        return Decision(route, None, head.target, Failure(Reason(upstream.unavailable.value)))
    target = head.target
    if route.rewrite is not None:
        try:
            path = rewritten_path(table.hosts.get(route.host), route, target.path)
        except PathError as error:
            return Decision(route, None, target, Failure(Reason.MALFORMED_REQUEST, f"after the rewrite, {error}"))
        target = Target(path, target.query)
    return Decision(route, upstream, target, None)
