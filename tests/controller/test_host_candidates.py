from __future__ import annotations

from ingressd.controller.host_candidates import host_candidates
from ingressd.routing.difference import TableDifference
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.table import RoutingTable
from ingressd.routing.virtual_host import VirtualHost


def table(*hosts: str, tls_only: str | None = None) -> RoutingTable:
    found = RoutingTable()
    names = [*hosts, *([tls_only] if tls_only else [])]
    found.apply(
        TableDifference({name: VirtualHost(host=name, paths=PathTrie(()), routed=name != tls_only) for name in names})
    )
    return found


def test_the_strongest_is_chosen_and_the_others_say_why_not() -> None:
    exact, wildcard, anyone = host_candidates(table("a.foo.com", "*.foo.com", ""), "a.foo.com", {})
    assert exact.chosen
    assert wildcard.matched
    assert not wildcard.chosen
    assert "a.foo.com is more precise" in wildcard.why
    assert anyone.matched
    assert not anyone.chosen


def test_a_wildcard_that_covers_too_few_labels_is_named() -> None:
    found = {one.host: one for one in host_candidates(table("*.foo.com"), "a.b.foo.com", {})}
    assert found["*.foo.com"].why == "*.foo.com covers exactly one label in place of the *."
    assert not any(one.chosen for one in found.values())


def test_a_wildcard_does_not_cover_its_own_parent() -> None:
    found = {one.host: one for one in host_candidates(table("*.foo.com"), "foo.com", {})}
    assert not found["*.foo.com"].matched


def test_a_name_under_tls_only_says_so() -> None:
    exact, *_ = host_candidates(table(tls_only="a.foo.com"), "a.foo.com", {})
    assert not exact.matched
    assert "tls" in exact.why


def test_a_request_without_a_host_has_one_candidate() -> None:
    (anyone,) = host_candidates(table(""), "", {})
    assert anyone.chosen


def test_an_ingress_that_is_passed_over_is_named_where_nobody_serves_the_host() -> None:
    others = {
        "a.foo.com": "Ingress shop/web names it and is not served. It names no class.",
        "*.foo.com": "So does it.",
    }
    exact, wildcard, _ = host_candidates(table("*.foo.com"), "a.foo.com", others)
    assert not exact.matched
    assert exact.why == others["a.foo.com"]
    assert wildcard.chosen
