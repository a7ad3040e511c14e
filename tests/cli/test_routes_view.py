"""Routes as a table."""

from __future__ import annotations

import msgspec

from ingressd.cli.addresses import Addresses
from ingressd.cli.routes_view import format_resolve_lines, format_routes
from ingressd.controller.routes import RouteRow
from tests.support.samples import CART_ROW

LOCAL = Addresses("127.0.0.1", 8080, 8443, 9090)
CART = CART_ROW
ENCRYPTED = msgspec.structs.replace(CART, tls_secret="shop/shop-tls")
ALONE = msgspec.structs.replace(CART, endpoints=0, addresses=(), unavailable="no_endpoints")
ANY = msgspec.structs.replace(CART, host="", path="", kind="default", origin="shop/web")
MANY = msgspec.structs.replace(CART, endpoints=12, addresses=tuple(f"10.0.0.{number}:80" for number in range(10)))
PUBLIC = msgspec.structs.replace(CART, host="shop.example.com")


def cells(row: RouteRow, addresses: Addresses | None = None) -> list[str]:
    [_, line] = format_routes([row], addresses=addresses)
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_a_table_without_ports() -> None:
    assert format_routes([CART, ALONE]) == (
        "URL                  MATCH  INGRESS       SERVICE    ENDPOINTS",
        "shop.localhost/cart  exact  shop/web#0/1  cart:http  127.0.0.1:3000",
        "shop.localhost/cart  exact  shop/web#0/1  cart:http  none (no_endpoints)",
    )


def test_whole_urls_where_it_listens() -> None:
    assert cells(CART, LOCAL)[0] == "http://shop.localhost:8080/cart"
    assert cells(ENCRYPTED, LOCAL)[0] == "https://shop.localhost:8443/cart"


def test_a_default_backend_of_any_host() -> None:
    assert cells(ANY)[:2] == ["*/", "default"]
    assert cells(ANY, LOCAL)[0] == "http://*:8080/"


def test_many_endpoints_are_counted() -> None:
    assert cells(MANY)[-1] == "10.0.0.0:80, 10.0.0.1:80, 10.0.0.2:80 and 9 more"


def test_a_backend_that_is_no_service() -> None:
    row = msgspec.structs.replace(CART, service="", port="", unavailable="resource_backend", endpoints=0, addresses=())
    assert cells(row)[-2:] == ["-", "none (resource_backend)"]


def test_a_url_is_never_cut() -> None:
    """Two of them would look alike."""
    rows = [MANY, msgspec.structs.replace(MANY, path="/cart/items/of/a/long/path", origin="shop/a-long-name#10/10")]
    lines = format_routes(rows, addresses=LOCAL, width=60)
    assert [line.split()[0] for line in lines[1:]] == [
        "http://shop.localhost:8080/cart",
        "http://shop.localhost:8080/cart/items/of/a/long/path",
    ]
    assert [line.split()[3] for line in lines[1:]] == ["cart:http", "cart:http"]


def test_endpoints_are_cut_before_the_ingress() -> None:
    lines = format_routes([MANY], addresses=LOCAL, width=90)
    assert lines[1] == "http://shop.localhost:8080/cart  exact  shop/web#0/1  cart:http  10.0.0.0:80, 10.0.0.1:80…"
    assert len(lines[1]) <= 90


def test_a_long_table_is_counted() -> None:
    lines = format_routes([CART] * 5, most=2)
    assert len(lines) == 4
    assert lines[-1] == "… and 3 more routes: `ingressd routes` shows all of them"


def test_hosts_that_do_not_resolve_get_one_line_each() -> None:
    rows = [PUBLIC, msgspec.structs.replace(PUBLIC, path="/other"), CART]
    assert format_resolve_lines(rows, LOCAL, authority_file="/ca.crt", most=5) == (
        "curl --resolve shop.example.com:8080:127.0.0.1 http://shop.example.com:8080/",
    )


def test_an_encrypted_host_that_does_not_resolve() -> None:
    row = msgspec.structs.replace(PUBLIC, host="*.example.com", tls_secret="shop/shop-tls")
    assert format_resolve_lines([row], LOCAL, authority_file="/ca.crt", most=5) == (
        "curl --cacert /ca.crt --resolve any.example.com:8443:127.0.0.1 https://any.example.com:8443/",
    )


def test_many_hosts_that_do_not_resolve_are_counted() -> None:
    rows = [msgspec.structs.replace(PUBLIC, host=f"{number}.example.com") for number in range(5)]
    lines = format_resolve_lines(rows, LOCAL, authority_file="", most=3)
    assert len(lines) == 4
    assert lines[-1] == "… and 2 more hosts"
