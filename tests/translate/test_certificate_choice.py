from __future__ import annotations

import pytest

from ingressd.resources.ingress import Ingress, Tls
from ingressd.translate.certificate_choice import CertificateChoice, CertificateStep, choose_certificate
from ingressd.translate.claims import read_claims
from ingressd.translate.settings import TranslationSettings
from tests.support.objects import backend, ingress, path, pem_pair, rule
from tls.key_pair import KeyPair

SETTINGS = TranslationSettings.development()
PAIRS = {
    "shop/a": KeyPair.from_pem(*pem_pair("a.test")),
    "shop/wildcard": KeyPair.from_pem(*pem_pair("*.test")),
    "other/a": KeyPair.from_pem(*pem_pair("a.test", "other.test")),
}
WEB = path("/")


def choose(host: str, *ingresses: Ingress) -> CertificateChoice:
    claims = sorted((read_claims(found, (), SETTINGS) for found in ingresses), key=lambda claims: claims.precedence)
    return choose_certificate(host, claims, PAIRS)


LISTED, COVERING, DEFAULT = CertificateStep.LISTED, CertificateStep.COVERING, CertificateStep.DEFAULT


@pytest.mark.parametrize(
    ("host", "tls", "rules", "step", "name"),
    [
        ("a.test", [Tls(("a.test",), "a")], [rule("a.test", WEB)], LISTED, "shop/a"),
        ("a.test", [Tls(("A.Test",), "a")], [rule("a.TEST", WEB)], LISTED, "shop/a"),
        ("a.test", [Tls(("b.test",), "wildcard"), Tls(("a.test",), "a")], [rule("a.test", WEB)], LISTED, "shop/a"),
        ("a.test", [Tls(("b.test",), "wildcard")], [rule("a.test", WEB)], COVERING, "shop/wildcard"),
        ("a.test", [Tls((), "wildcard")], [rule("a.test", WEB)], COVERING, "shop/wildcard"),
        ("a.test", [Tls(("*.test",), "wildcard")], [rule("a.test", WEB)], COVERING, "shop/wildcard"),
        ("*.test", [Tls(("*.test",), "wildcard")], [], LISTED, "shop/wildcard"),
        ("*.test", [Tls((), "wildcard")], [rule("*.test", WEB)], COVERING, "shop/wildcard"),
        ("c.other", [Tls(("b.test",), "wildcard")], [rule("c.other", WEB)], DEFAULT, None),
        ("a.test", [Tls(("a.test",), "")], [rule("a.test", WEB)], DEFAULT, None),
        ("a.test", [Tls(("a.test",), ""), Tls((), "a")], [rule("a.test", WEB)], DEFAULT, None),
        ("a.test", [Tls(("a.test",), "missing")], [rule("a.test", WEB)], LISTED, "shop/missing"),
        ("", [Tls((), "a")], [rule("", WEB)], LISTED, "shop/a"),
        ("", [Tls((), "a")], [rule("a.test", WEB)], DEFAULT, None),
        ("b.test", [Tls(("a.test",), "wildcard")], [rule("a.test", WEB)], DEFAULT, None),
    ],
)
def test_by_which_step_a_host_gets_its_certificate(
    host: str, tls: list[Tls], rules: list[object], step: CertificateStep, name: str | None
) -> None:
    found = choose(host, ingress("web", *rules, tls=tls))  # type: ignore[arg-type]  # rules are Rules
    assert (found.step, found.name) == (step, name)
    assert found.problems == ()


def test_a_default_backend_alone_binds_the_certificate_of_any_host() -> None:
    assert choose("", ingress("web", default=backend("web"), tls=[Tls((), "a")])).name == "shop/a"


def test_a_certificate_that_does_not_cover_the_host_that_lists_it_is_served_with_a_warning() -> None:
    found = choose("b.other", ingress("web", rule("b.other", WEB), tls=[Tls(("b.other",), "a")]))
    assert found.name == "shop/a"
    (problem,) = found.problems
    assert (problem.code, problem.path) == ("certificate_does_not_cover_host", "spec.tls[0].hosts")
    assert "a.test" in problem.message


def test_the_oldest_ingress_wins_and_the_loser_is_told() -> None:
    old = ingress("z", rule("a.test", WEB), created="2026-01-01T00:00:00Z", tls=[Tls(("a.test",), "a")])
    new = ingress(
        "a", rule("a.test", WEB), namespace="other", created="2026-01-02T00:00:00Z", tls=[Tls(("a.test",), "a")]
    )
    found = choose("a.test", new, old)
    assert found.name == "shop/a"
    (problem,) = found.problems
    assert (problem.code, problem.key) == ("certificate_conflict", new.key)
    assert "Ingress shop/z" in problem.message


def test_the_same_secret_named_twice_is_no_conflict() -> None:
    tls = [Tls(("a.test",), "a")]
    assert choose("a.test", ingress("x", tls=tls), ingress("y", tls=tls)).problems == ()


def test_an_oldest_ingress_with_a_missing_secret_still_wins() -> None:
    old = ingress("old", tls=[Tls(("a.test",), "missing")], created="2026-01-01T00:00:00Z")
    new = ingress("new", tls=[Tls(("a.test",), "a")], created="2026-01-02T00:00:00Z")
    assert choose("a.test", old, new).name == "shop/missing"
