from __future__ import annotations

import pytest

from ingressd.policies.rewrite import Rewrite
from ingressd.proxy.decision import decide
from ingressd.proxy.failures import Reason
from ingressd.proxy.request_head import RequestHead, parse_request_head
from ingressd.proxy.request_line import HeadLimits
from ingressd.routing.difference import TableDifference
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import Unavailable, Upstream, UpstreamKey
from ingressd.routing.virtual_host import VirtualHost

UPSTREAM = Upstream(
    key=UpstreamKey("shop/web:80"), namespace="shop", service="web", port="80", endpoints=(Endpoint("10.0.0.1", 80),)
)
EMPTY = Upstream(
    key=UpstreamKey("shop/empty:80"),
    namespace="shop",
    service="empty",
    port="80",
    unavailable=Unavailable.NO_ENDPOINTS,
)


def route(
    path: str,
    kind: PathKind = PathKind.PREFIX,
    *,
    upstream: str | None = "shop/web:80",
    rewrite: str | None = None,
    denied: str = "",
) -> Route:
    return Route(
        origin=RouteOrigin("shop", "web", 0, 0),
        host="h",
        kind=kind,
        path=path,
        upstream=UpstreamKey(upstream) if upstream is not None else None,
        rewrite=Rewrite(rewrite) if rewrite is not None else None,
        denied=denied,
    )


@pytest.fixture
def table() -> RoutingTable:
    routes = [
        route("/web"),
        route("/empty", upstream="shop/empty:80"),
        route("/gone", upstream="shop/gone:80"),
        route("/resource", upstream=None),
        route("/denied", denied="no"),
        route("/fixed", rewrite="/elsewhere"),
        route("/api(/|$)(.*)", PathKind.REGEX, rewrite="/$2"),
        route("/up(.*)", PathKind.REGEX, rewrite="/a$1"),
    ]
    table = RoutingTable()
    table.apply(
        TableDifference(
            hosts={"h": VirtualHost(host="h", paths=PathTrie(routes))},
            upstreams={UPSTREAM.key: UPSTREAM, EMPTY.key: EMPTY},
        )
    )
    return table


def head(target: str, host: str = "h") -> RequestHead:
    return parse_request_head(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), HeadLimits())


@pytest.mark.parametrize(
    ("target", "host", "reason"),
    [
        ("/web", "other", Reason.NO_HOST),
        ("/none", "h", Reason.NO_PATH),
        ("/empty", "h", Reason.NO_ENDPOINTS),
        ("/gone", "h", Reason.NO_SERVICE),
        ("/resource", "h", Reason.RESOURCE_BACKEND),
        ("/denied", "h", Reason.ROUTE_DENIED),
    ],
)
def test_why_a_request_goes_nowhere(table: RoutingTable, target: str, host: str, reason: Reason) -> None:
    decision = decide(table, head(target, host))
    assert decision.failure is not None
    assert decision.failure.reason is reason
    assert (decision.route is None) is (reason in (Reason.NO_HOST, Reason.NO_PATH))


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [
        ("/web/x?y=%2f", "/web/x?y=%2f"),
        ("/web/./a//b", "/web/a/b"),
        ("/fixed/x?y", "/elsewhere?y"),
        ("/api", "/"),
        ("/api/users?all", "/users?all"),
        ("/API/Users", "/Users"),
        ("/api/a%2Fb", "/a%2Fb"),
    ],
)
def test_what_the_upstream_is_asked_for(table: RoutingTable, target: str, forwarded: str) -> None:
    decision = decide(table, head(target))
    assert decision.failure is None
    assert decision.upstream is UPSTREAM
    assert str(decision.target) == forwarded
