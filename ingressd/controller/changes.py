"""What a change of the table did, in words: one line for each route, upstream or certificate."""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.routing.difference import TableDifference
from ingressd.routing.route import PathKind, Route
from ingressd.routing.upstream import Upstream
from ingressd.routing.virtual_host import VirtualHost


def describe(before: TableDifference, after: TableDifference) -> tuple[str, ...]:
    """Describe ``after``; ``before`` is what ``RoutingTable.apply`` returned for it: the values it replaced.

    ``+`` came, ``-`` went, ``~`` is another one now. An upstream is named only if it was there before: of a new one
    the routes say enough.
    """
    lines: list[str] = []
    for host in sorted(after.hosts):
        lines.extend(_describe_host(host, before.hosts.get(host), after.hosts[host]))
    for key in sorted(after.upstreams):
        lines.extend(_describe_upstream(before.upstreams.get(key), after.upstreams[key]))
    lines.extend(
        _describe_certificate(name, before.certificates.get(name), after.certificates[name])
        for name in sorted(after.certificates)
    )
    return tuple(lines)


def _describe_host(host: str, before: VirtualHost | None, after: VirtualHost | None) -> Iterator[str]:
    old, new = _routes(before), _routes(after)
    for match in sorted(old.keys() | new.keys()):
        left, came = old.get(match), new.get(match)
        if left is None and came is not None:
            yield f"+ {_route(host, match)} → {_target(came)}"
        elif came is None and left is not None:
            yield f"- {_route(host, match)} → {_target(left)}"
        elif left is not None and came is not None and left != came and not _only_moved(left, came):
            yield f"~ {_route(host, match)} → {_target(came)}{_was(left, came)}"
    secret, secret_now = (found.certificate if found is not None else None for found in (before, after))
    if before is not None and after is not None and secret != secret_now:
        # Whether the Secret holds a certificate is told by the lines of the certificates.
        was = f"was {_secret(secret)}" if secret is not None else "named none before"
        yield f"~ {host or '*'} names {_secret(secret_now)} for its certificate ({was})"


def _routes(virtual_host: VirtualHost | None) -> dict[tuple[str, str], Route]:
    if virtual_host is None:
        return {}
    routes = {(route.path, route.kind.value): route for route in virtual_host.paths.routes}
    if virtual_host.fallback is not None:
        routes["", "default"] = virtual_host.fallback
    return routes


def _route(host: str, match: tuple[str, str]) -> str:
    path, kind = match
    return f"{host or '*'}{path}{'' if kind == PathKind.PREFIX else f' ({kind})'}"


def _target(route: Route) -> str:
    if route.denied:
        return "denied"
    if route.program is not None and route.program.handler:
        return f"handler {route.program.handler}"
    return f"{route.service}:{route.service_port}" if route.upstream is not None else "nothing"


def _was(before: Route, after: Route) -> str:
    if _target(before) != _target(after):
        return f" (was {_target(before)})"
    if before.origin != after.origin:
        return f" (from {after.origin}, was {before.origin})"
    return " (other settings)"


def _only_moved(before: Route, after: Route) -> bool:
    """Whether the rule stands at another place of the same Ingress, as all do below a line that came or went."""
    same_ingress = (before.origin.namespace, before.origin.ingress) == (after.origin.namespace, after.origin.ingress)
    return same_ingress and before.moved(origin=after.origin) == after


def _describe_upstream(before: Upstream | None, after: Upstream | None) -> Iterator[str]:
    if before is None or after is None:
        return
    name = f"{after.service}:{after.port}"
    if len(before.endpoints) != len(after.endpoints):
        yield f"~ {name} {_count(after)} (was {len(before.endpoints)}){_reason(after)}"
    elif before.endpoints != after.endpoints:
        yield f"~ {name} {_count(after)}, other addresses"
    elif before.unavailable != after.unavailable:
        yield f"~ {name} has no endpoints{_reason(after)}"


def _count(upstream: Upstream) -> str:
    return "1 endpoint" if len(upstream.endpoints) == 1 else f"{len(upstream.endpoints)} endpoints"


def _reason(upstream: Upstream) -> str:
    return f": {upstream.unavailable.value}" if upstream.unavailable is not None else ""


def _describe_certificate(name: str, before: object, after: object) -> str:
    if before is None:
        return f"+ certificate {name}"
    return f"- certificate {name}" if after is None else f"~ certificate {name} was replaced"


def _secret(name: str | None) -> str:
    return f"Secret {name}" if name is not None else "no Secret"
