from __future__ import annotations

from ingressd.routing.route_origin import RouteOrigin


def test_an_origin_prints_as_far_as_it_is_known() -> None:
    assert str(RouteOrigin("shop", "web")) == "shop/web"
    assert str(RouteOrigin("shop", "web", 1)) == "shop/web#1"
    assert str(RouteOrigin("shop", "web", 1, 2)) == "shop/web#1/2"
