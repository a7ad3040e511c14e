from __future__ import annotations

from ingressd.routing.difference import TableDifference
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.host_names import ANY_HOST
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import Upstream, upstream_key
from ingressd.routing.virtual_host import VirtualHost
from tests.support.objects import pem_pair
from tls.key_pair import KeyPair


def route(host: str, path: str, name: str) -> Route:
    return Route(
        origin=RouteOrigin("shop", name),
        host=host,
        kind=PathKind.PREFIX,
        path=path,
        upstream=upstream_key("a", name, 1),
    )


def host(
    name: str, *paths: str, routed: bool = True, fallback: bool = False, certificate: str | None = None
) -> VirtualHost:
    return VirtualHost(
        host=name,
        paths=PathTrie(route(name, path, f"{name}{path}") for path in paths),
        routed=routed,
        fallback=route(name, "/", f"{name} fallback") if fallback else None,
        certificate=certificate,
    )


def table(*hosts: VirtualHost) -> RoutingTable:
    found = RoutingTable()
    found.apply(TableDifference({one.host: one for one in hosts}))
    return found


def taken_by(found: RoutingTable, name: str, path: str) -> str | None:
    matched = found.match(name, path).route
    return matched.origin.ingress if matched else None


def test_exact_before_wildcard_before_any_host() -> None:
    found = table(host("a.test", "/"), host("*.test", "/"), host(ANY_HOST, "/"))
    assert taken_by(found, "a.test", "/x") == "a.test/"
    assert taken_by(found, "b.test", "/x") == "*.test/"
    assert taken_by(found, "test", "/x") == "/"
    assert taken_by(found, "a.b.test", "/x") == "/"
    assert taken_by(found, "", "/x") == "/"


def test_a_wildcard_covers_exactly_one_label() -> None:
    found = table(host("*.foo.com", "/"))
    assert taken_by(found, "bar.foo.com", "/") == "*.foo.com/"
    assert found.match("baz.bar.foo.com", "/").host is None
    assert found.match("foo.com", "/").host is None
    assert found.match(".foo.com", "/").host is None


def test_a_path_never_falls_through_to_another_host() -> None:
    found = table(host("a.test", "/a"), host("*.test", "/"), host(ANY_HOST, "/"))
    match = found.match("a.test", "/b")
    assert match.host is not None
    assert match.host.host == "a.test"
    assert match.route is None


def test_unmatched_paths_go_to_the_default_backend_of_the_host_and_then_of_any_host() -> None:
    found = table(host("a.test", "/a", fallback=True), host("b.test", "/a"), host(ANY_HOST, fallback=True))
    assert taken_by(found, "a.test", "/x") == "a.test fallback"
    assert taken_by(found, "b.test", "/x") == " fallback"
    assert taken_by(found, "c.test", "/x") == " fallback"


def test_a_name_under_tls_only_takes_no_request() -> None:
    found = table(host("a.test", routed=False, certificate="shop/a"), host("*.test", "/"))
    assert taken_by(found, "a.test", "/") == "*.test/"
    assert found.certificate_name("a.test") == "shop/a"


def test_certificates_are_chosen_exact_before_wildcard_before_any_host() -> None:
    found = table(
        host("a.test", "/", certificate="shop/a"),
        host("b.test", "/"),
        host("*.test", "/", certificate="shop/wildcard"),
        host(ANY_HOST, "/", certificate="shop/any"),
    )
    assert found.certificate_name("a.test") == "shop/a"
    assert found.certificate_name("b.test") == "shop/wildcard"
    assert found.certificate_name("other") == "shop/any"
    assert found.certificate_name(None) == "shop/any"


def test_a_difference_can_be_taken_back() -> None:
    key = upstream_key("shop", "web", 80)
    upstream = Upstream(key=key, namespace="shop", service="web", port="80", endpoints=(Endpoint("10.0.0.1", 1),))
    pair = KeyPair.from_pem(*pem_pair("a.test"))
    found = table(host("a.test", "/old"), host("gone.test", "/"))
    expected = table(host("a.test", "/old"), host("gone.test", "/"))
    undo = found.apply(
        TableDifference({"a.test": host("a.test", "/new"), "gone.test": None}, {key: upstream}, {"shop/a": pair})
    )
    assert taken_by(found, "a.test", "/new") == "a.test/new"
    assert found.certificates == {"shop/a": pair}
    assert "gone.test" not in found.hosts
    found.apply(undo)
    assert found == expected


def test_only_a_difference_with_something_in_it_is_true() -> None:
    assert not TableDifference()
    assert TableDifference({"a.test": None})


def test_the_printed_form_counts() -> None:
    assert repr(table(host("a.test", "/"))) == "<RoutingTable 1 hosts, 0 upstreams, 0 certificates>"


def test_the_whole_table_as_a_difference_makes_another_one_equal() -> None:
    found = table(host("a.test", "/"), host("", "/", fallback=True))
    found.apply(TableDifference({}, {}, {"shop/tls": KeyPair(*pem_pair("a.test"))}))
    other = RoutingTable()
    other.apply(found.whole())
    assert other == found
    other.apply(TableDifference({"a.test": None}))
    assert other != found
