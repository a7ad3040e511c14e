from __future__ import annotations

import pytest

from ingressd.proxy.certificates import CertificateChooser
from ingressd.routing.difference import TableDifference
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.table import RoutingTable
from ingressd.routing.virtual_host import VirtualHost
from tls.key_pair import KeyPair
from tls.self_signed import self_signed

EXACT, WILDCARD, ANY, FALLBACK = (self_signed([name]) for name in ("a.test", "*.test", "any.test", "fallback.test"))


def host(name: str, certificate: str) -> VirtualHost:
    return VirtualHost(host=name, paths=PathTrie([]), routed=False, certificate=certificate)


@pytest.fixture
def table() -> RoutingTable:
    table = RoutingTable()
    table.apply(
        TableDifference(
            hosts={
                "a.test": host("a.test", "x/exact"),
                "*.test": host("*.test", "x/wildcard"),
                "broken.test": host("broken.test", "x/broken"),
            },
            certificates={"x/exact": EXACT, "x/wildcard": WILDCARD},
        )
    )
    return table


@pytest.mark.parametrize(
    ("server_name", "expected"),
    [
        ("a.test", EXACT),
        ("b.test", WILDCARD),
        ("b.b.test", FALLBACK),
        ("test", FALLBACK),
        ("broken.test", FALLBACK),
        (None, FALLBACK),
    ],
)
def test_exact_then_wildcard_then_fallback(table: RoutingTable, server_name: str | None, expected: KeyPair) -> None:
    asked: list[str | None] = []

    def fallback(name: str | None) -> KeyPair:
        asked.append(name)
        return FALLBACK

    chooser = CertificateChooser(table, fallback)
    context = chooser.choose(server_name)
    assert context is chooser.choose(server_name), "built once"
    assert asked == ([server_name, server_name] if expected is FALLBACK else [])
    others = {name for name in ("a.test", "b.test", "b.b.test") if chooser.choose(name) is context}
    assert len(others) <= 1


def test_a_change_of_the_table_counts_for_the_next_connection(table: RoutingTable) -> None:
    chooser = CertificateChooser(table, lambda name: FALLBACK)
    before = chooser.choose("a.test")
    table.apply(TableDifference(certificates={"x/exact": ANY}))
    assert chooser.choose("a.test") is not before
    table.apply(TableDifference(hosts={"": host("", "x/exact")}))
    assert chooser.choose(None) is chooser.choose("a.test")
