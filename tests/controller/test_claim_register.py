from __future__ import annotations

from ingressd.controller.claim_register import ClaimRegister, ClaimsDifference
from ingressd.resources.ingress import Ingress, Tls
from ingressd.routing.upstream import upstream_key
from ingressd.translate.certificates import SecretUse
from ingressd.translate.claims import Claims, read_claims
from ingressd.translate.settings import TranslationSettings
from ingressd.translate.upstreams import UpstreamUse
from tests.support.objects import ingress, path, rule

FILES = TranslationSettings.development()
WEB, CART = upstream_key("shop", "web", 80), upstream_key("shop", "cart", 80)


def read(found: Ingress) -> Claims:
    return read_claims(found, (), FILES)


ONE = ingress("one", rule("a.test", path("/x"), path("/y", "cart")), tls=[Tls(("b.test",), "s"), Tls((), "s")])


def test_claims_are_found_by_what_they_name() -> None:
    register = ClaimRegister()
    claims = read(ONE)
    register.put(ONE.key, claims)
    assert register.get(ONE.key) is claims
    assert register.all() == (claims,)
    assert register.of_host("a.test") == register.of_host("b.test") == (claims,)
    assert register.of_secret("shop/s") == (claims,)
    assert register.of_secret("other/s") == ()
    assert register.uses_of_secret("shop/s") == (SecretUse(ONE.key, 0),)
    assert register.uses_of_upstream(CART) == (UpstreamUse(ONE.key, "spec.rules[0].http.paths[1].backend"),)
    assert register.upstreams_of_service("shop", "web") == {WEB}


def test_forgotten_claims_leave_nothing_behind() -> None:
    register = ClaimRegister()
    register.put(ONE.key, read(ONE))
    gone = register.put(ONE.key, None)
    assert gone == ClaimsDifference(frozenset({"a.test", "b.test"}), frozenset({WEB, CART}), frozenset({"shop/s"}))
    assert register.all() == register.of_host("a.test") == register.of_secret("shop/s") == ()
    assert register.uses_of_upstream(WEB) == ()
    assert register.upstreams_of_service("shop", "web") == frozenset()


def test_a_service_keeps_an_upstream_while_one_ingress_names_it() -> None:
    register = ClaimRegister()
    two = ingress("two", rule("b.test", path("/")))
    register.put(ONE.key, read(ONE))
    register.put(two.key, read(two))
    register.put(ONE.key, None)
    assert register.upstreams_of_service("shop", "web") == {WEB}
    assert register.upstreams_of_service("shop", "cart") == frozenset()


def test_only_what_differs_is_to_be_translated_again() -> None:
    register = ClaimRegister()
    before = ingress("web", rule("a.test", path("/x")), rule("b.test", path("/x")))
    after = ingress("web", rule("a.test", path("/x")), rule("b.test", path("/z")), rule("c.test"))
    register.put(before.key, read(before))
    assert register.put(before.key, read(before)) == ClaimsDifference()
    assert register.put(before.key, read(after)).hosts == {"b.test", "c.test"}


def test_another_age_concerns_every_host() -> None:
    register = ClaimRegister()
    register.put(ONE.key, read(ONE))
    older = ingress("one", *ONE.spec.rules, tls=ONE.spec.tls, created="2026-01-01T00:00:00Z")
    assert register.put(ONE.key, read(older)).hosts == {"a.test", "b.test"}


def test_another_tls_entry_concerns_every_host() -> None:
    register = ClaimRegister()
    register.put(ONE.key, read(ONE))
    other = ingress("one", *ONE.spec.rules, tls=[Tls((), "t")])
    difference = register.put(ONE.key, read(other))
    assert difference.hosts == {"a.test", "b.test"}
    assert difference.secrets == {"shop/s", "shop/t"}
