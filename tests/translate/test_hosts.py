from __future__ import annotations

import itertools

from ingressd.resources.ingress import Ingress, Tls
from ingressd.translate.claims import read_claims
from ingressd.translate.hosts import HostTranslation, translate_host
from ingressd.translate.settings import TranslationSettings
from tests.support.objects import backend, ingress, path, pem_pair, rule
from tls.key_pair import KeyPair

FILES = TranslationSettings.development()
PAIRS = {"shop/a": KeyPair.from_pem(*pem_pair("a.test"))}


def translate(*ingresses: Ingress) -> HostTranslation:
    return translate_host("a.test", [read_claims(found, (), FILES) for found in ingresses], PAIRS)


def test_nobody_claims_the_host() -> None:
    assert translate(ingress("web", rule("b.test", path("/")))) == HostTranslation(None)


def test_paths_of_all_ingresses_are_merged_in_any_order() -> None:
    written = [
        ingress("old", rule("a.test", path("/x", "one"), path("/y", "one")), created="2026-01-01T00:00:00Z"),
        ingress("new", rule("a.test", path("/y", "two"), path("/z", "two")), created="2026-01-02T00:00:00Z"),
        ingress("fallback", rule("a.test"), default=backend("rest"), created="2026-01-03T00:00:00Z"),
    ]
    expected = translate(*written)
    virtual_host = expected.virtual_host
    assert virtual_host is not None
    assert {route.path: route.service for route in virtual_host.paths.routes} == {"/x": "one", "/y": "one", "/z": "two"}
    assert virtual_host.fallback is not None
    assert virtual_host.fallback.service == "rest"
    assert [problem.code for problem in expected.problems] == ["path_conflict"]
    for order in itertools.permutations(written):
        assert translate(*order) == expected


def test_a_name_under_tls_only_is_not_routed() -> None:
    virtual_host = translate(ingress("web", rule("b.test", path("/")), tls=[Tls(("a.test",), "a")])).virtual_host
    assert virtual_host is not None
    assert not virtual_host.routed
    assert virtual_host.certificate == "shop/a"


def test_a_host_keeps_to_the_secret_it_names_even_when_that_is_missing() -> None:
    virtual_host = translate(ingress("web", rule("a.test", path("/")), tls=[Tls(("a.test",), "missing")])).virtual_host
    assert virtual_host is not None
    assert virtual_host.routed
    assert virtual_host.certificate == "shop/missing"
