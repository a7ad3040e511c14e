from __future__ import annotations

import msgspec

from ingressd.controller.routes import MAX_ADDRESSES, route_rows
from ingressd.resources.change import Applied
from ingressd.resources.ingress import Tls
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.support.objects import backend, endpoint, endpoint_slice, ingress, path, rule, secret, service

FILES = TranslationSettings.development()


def test_a_row_leads_from_the_url_to_the_endpoints() -> None:
    published = Published(
        FILES,
        [
            Applied(ingress("web", rule("a.test", path("/x", "web")), tls=[Tls(("a.test",), "a")])),
            Applied(service("web")),
            Applied(endpoint_slice("web-1", *(endpoint(f"10.0.0.{number}") for number in range(1, 21)))),
            Applied(secret("a", "a.test")),
        ],
    )
    (row,) = route_rows(published.controller)
    assert (row.host, row.path, row.kind, row.origin) == ("a.test", "/x", "prefix", "shop/web#0/0")
    assert (row.namespace, row.ingress, row.service, row.port) == ("shop", "web", "web", "80")
    assert row.endpoints == 20
    assert len(row.addresses) == MAX_ADDRESSES
    assert (row.tls_secret, row.problems, row.unavailable) == ("shop/a", 0, "")
    assert b'"host":"a.test"' in msgspec.json.encode(row)


def test_rows_stand_in_one_order_named_hosts_first() -> None:
    published = Published(
        FILES,
        [
            Applied(ingress("any", default=backend("rest"))),
            Applied(
                ingress(
                    "web", rule("*.test", path("/")), rule("b.test", path("/z"), path("/a")), rule("a.test", path("/"))
                )
            ),
        ],
    )
    assert [(row.host, row.path, row.kind) for row in route_rows(published.controller)] == [
        ("a.test", "/", "prefix"),
        ("b.test", "/a", "prefix"),
        ("b.test", "/z", "prefix"),
        ("*.test", "/", "prefix"),
        ("", "/", "default"),
    ]


def test_a_row_without_endpoints_says_why_and_counts_problems() -> None:
    published = Published(
        FILES, [Applied(ingress("web", rule("a.test", path("/"), path("nonsense")), tls=[Tls(("a.test",), "x")]))]
    )
    (row,) = route_rows(published.controller)
    assert (row.endpoints, row.unavailable, row.problems, row.tls_secret) == (0, "no_service", 3, "shop/x")
