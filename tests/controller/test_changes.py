from __future__ import annotations

from ingressd.controller.changes import describe
from ingressd.controller.controller import Controller
from ingressd.resources.change import Applied, Change, Deleted, Synced
from ingressd.resources.ingress import Tls
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.translate.annotations.programs import HANDLER, MIDDLEWARE, AllowedPrograms
from ingressd.translate.settings import TranslationSettings
from tests.support.objects import (
    NOW,
    backend,
    broken_secret,
    endpoint,
    endpoint_slice,
    ingress,
    path,
    rule,
    secret,
    service,
)


class Watched:
    """Somebody who keeps a table of its own and describes each change of it."""

    def __init__(self, settings: TranslationSettings | None = None) -> None:
        self.lines: tuple[str, ...] = ()
        self._table = RoutingTable()
        self._controller = Controller(settings or TranslationSettings.development(), publish=self._take)
        self._controller.apply([Synced()])

    def _take(self, difference: TableDifference) -> None:
        self.lines = describe(self._table.apply(difference), difference)

    def tell(self, *changes: Change) -> tuple[str, ...]:
        self.lines = ()
        self._controller.apply(changes)
        self._controller.flush(NOW)
        return self.lines


def test_routes_that_come_go_and_change() -> None:
    watched = Watched()
    shop = ingress("web", rule("shop.localhost", path("/cart", "cart"), path("/x", kind="Exact")))
    assert watched.tell(Applied(shop)) == (
        "+ shop.localhost/cart → cart:80",
        "+ shop.localhost/x (exact) → web:80",
    )
    other = ingress("web", rule("shop.localhost", path("/cart", "basket")))
    assert watched.tell(Applied(other)) == (
        "~ shop.localhost/cart → basket:80 (was cart:80)",
        "- shop.localhost/x (exact) → web:80",
    )
    assert watched.tell(Deleted(other.key)) == ("- shop.localhost/cart → basket:80",)


def test_a_handler_in_the_place_of_a_service() -> None:
    allowed = AllowedPrograms(middleware=("log",), handlers=("page",))
    watched = Watched(TranslationSettings.development(programs=allowed))
    watched.tell(Applied(ingress("web", rule("shop.localhost", path("/")))))
    handled = ingress("web", rule("shop.localhost", path("/")), annotations={HANDLER: "page"})
    assert watched.tell(Applied(handled)) == ("~ shop.localhost/ → handler page (was web:80)",)
    logged = ingress("web", rule("shop.localhost", path("/")), annotations={HANDLER: "page", MIDDLEWARE: "log"})
    assert watched.tell(Applied(logged)) == ("~ shop.localhost/ → handler page (other settings)",)


def test_any_host_and_default_backends() -> None:
    watched = Watched()
    assert watched.tell(Applied(ingress("web", rule("", path("/a")), default=backend("rest")))) == (
        "+ * (default) → rest:80",
        "+ */a → web:80",
    )


def test_the_same_service_from_another_ingress_or_with_other_settings() -> None:
    watched = Watched()
    first = ingress("a", rule("a.test", path("/")))
    watched.tell(Applied(first), Applied(ingress("b", rule("a.test", path("/")))))
    assert watched.tell(Deleted(first.key)) == ("~ a.test/ → web:80 (from shop/b#0/0, was shop/a#0/0)",)


def test_endpoints() -> None:
    watched = Watched()
    watched.tell(Applied(ingress("web", rule("a.test", path("/", "cart")))), Applied(service("cart")))
    one = endpoint_slice("cart-1", endpoint("10.0.0.1"), service="cart")
    two = endpoint_slice("cart-2", endpoint("10.0.0.2"), service="cart")
    assert watched.tell(Applied(one)) == ("~ cart:80 1 endpoint (was 0)",)
    assert watched.tell(Applied(two)) == ("~ cart:80 2 endpoints (was 1)",)
    moved = endpoint_slice("cart-2", endpoint("10.0.0.3"), service="cart")
    assert watched.tell(Applied(moved)) == ("~ cart:80 2 endpoints, other addresses",)
    assert watched.tell(Deleted(one.key), Deleted(two.key)) == ("~ cart:80 0 endpoints (was 2): no_endpoints",)
    assert watched.tell(Deleted(service("cart").key)) == ("~ cart:80 has no endpoints: no_service",)


def test_certificates() -> None:
    watched = Watched()
    watched.tell(Applied(ingress("web", rule("a.test", path("/")), tls=[Tls(("a.test",), "a")])))
    assert watched.tell(Applied(secret("a", "a.test"))) == ("+ certificate shop/a",)
    assert watched.tell(Applied(secret("a", "a.test", "b.test"))) == ("~ certificate shop/a was replaced",)
    assert watched.tell(Applied(broken_secret("a"))) == ()
    assert watched.tell(Applied(ingress("web", rule("a.test", path("/"))))) == (
        "~ a.test names no Secret for its certificate (was Secret shop/a)",
        "- certificate shop/a",
    )


def test_a_secret_that_is_not_there_is_named_and_no_certificate_is_claimed() -> None:
    watched = Watched()
    watched.tell(Applied(ingress("web", rule("a.test", path("/")))))
    named = ingress("web", rule("a.test", path("/")), tls=[Tls(("a.test",), "missing")])
    assert watched.tell(Applied(named)) == (
        "~ a.test names Secret shop/missing for its certificate (named none before)",
    )
    renamed = ingress("web", rule("a.test", path("/")), tls=[Tls(("a.test",), "other")])
    assert watched.tell(Applied(renamed)) == (
        "~ a.test names Secret shop/other for its certificate (was Secret shop/missing)",
    )
