"""Values that tests of several views start from."""

from __future__ import annotations

from ingressd.controller.routes import RouteRow

CART_ROW = RouteRow(
    host="shop.localhost",
    path="/cart",
    kind="exact",
    namespace="shop",
    ingress="web",
    origin="shop/web#0/1",
    service="cart",
    port="http",
    endpoints=1,
    addresses=("127.0.0.1:3000",),
    tls_secret="",
    problems=0,
    unavailable="",
)
