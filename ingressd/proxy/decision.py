"""Where a request goes: a pure function of its head and the table."""

from __future__ import annotations

from typing import NamedTuple

from ingressd.proxy.failures import Failure, Reason
from ingressd.proxy.request_head import RequestHead
from ingressd.proxy.target import Target
from ingressd.routing.path import PathError, canonical_path
from ingressd.routing.route import Route
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import Upstream


class Decision(NamedTuple):
    """``route`` is set whenever one matched, also beside a failure. Either ``failure`` is set, or ``upstream`` is.
    ``target`` is what the upstream is asked for."""

    route: Route | None
    upstream: Upstream | None
    target: str
    failure: Failure | None


def decide(table: RoutingTable, head: RequestHead) -> Decision:
    """Match the request; the result is pinned for the request's whole life, whatever the table becomes."""
    match = table.match(head.authority.host, head.target.path)
    route = match.route
    if route is None:
        reason = Reason.NO_HOST if match.host is None else Reason.NO_PATH
        return Decision(None, None, "", Failure(reason))
    if route.denied:
        return Decision(route, None, "", Failure(Reason.ROUTE_DENIED, route.denied))
    if route.upstream is None:
        return Decision(route, None, "", Failure(Reason.RESOURCE_BACKEND))
    upstream = table.upstreams.get(route.upstream)
    if upstream is None:
        return Decision(route, None, "", Failure(Reason.NO_SERVICE))
    if upstream.unavailable is not None:
        return Decision(route, None, "", Failure(Reason(upstream.unavailable.value)))
    try:
        target = str(head.target) if route.rewrite is None else rewritten_target(table, route, head.target)
    except PathError as error:
        return Decision(route, None, "", Failure(Reason.MALFORMED_REQUEST, f"after the rewrite, {error}"))
    return Decision(route, upstream, target, None)


def rewritten_target(table: RoutingTable, route: Route, target: Target) -> str:
    """Replace the whole path by the route's rewrite; the query stays. Raises PathError.

    The result is made canonical again: what a client captured into it may hold ``..``.
    """
    if route.rewrite is None:
        return str(target)
    virtual_host = table.hosts.get(route.host)
    captures = virtual_host.paths.captures(route, target.path) if virtual_host is not None else ()
    path = canonical_path(expand(route.rewrite.target, captures))
    return path if target.query is None else f"{path}?{target.query}"


def expand(template: str, captures: tuple[str, ...]) -> str:
    """Put ``captures`` in the place of ``$1`` to ``$9``; a group that does not exist is empty text.

    >>> expand("/api/$2", ("/", "users"))
    '/api/users'
    """
    pieces = template.split("$")
    expanded = [pieces[0]]
    for piece in pieces[1:]:
        if piece[:1].isdigit() and piece[0] != "0":
            index = int(piece[0]) - 1
            expanded.append(captures[index] if index < len(captures) else "")
            expanded.append(piece[1:])
        else:
            expanded.append("$" + piece)
    return "".join(expanded)
