from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.policies.rewrite import Rewrite
from ingressd.resources.ingress import HttpPath, Ingress, Tls
from ingressd.resources.problem import Severity
from ingressd.routing.route import PathKind
from ingressd.routing.route_origin import RouteOrigin
from ingressd.translate.claims import MAX_HOSTS, MAX_PATHS, Claims, TlsClaim, read_claims
from ingressd.translate.settings import TranslationSettings
from tests.support.objects import NGINX, backend, ingress, path, rule

FILES = TranslationSettings.development()


def read(found: Ingress, settings: TranslationSettings = FILES) -> Claims:
    return read_claims(found, (), settings)


def codes(claims: Claims) -> list[str]:
    return [problem.code for problem in claims.problems]


def test_each_path_becomes_a_route_of_its_host() -> None:
    claims = read(ingress("web", rule("A.test", path("/x", "cart", "http")), rule("a.test", path("/y", kind="Exact"))))
    first, second = claims.hosts["a.test"].routes
    assert (first.kind, first.path, first.upstream) == (PathKind.PREFIX, "/x", "shop/cart:http")
    assert (first.service, first.service_port) == ("cart", "http")
    assert first.origin == RouteOrigin("shop", "web", 0, 0)
    assert (second.kind, second.path, second.origin) == (PathKind.EXACT, "/y", RouteOrigin("shop", "web", 1, 0))
    assert claims.upstreams == {
        "shop/cart:http": "spec.rules[0].http.paths[0].backend",
        "shop/web:80": "spec.rules[1].http.paths[0].backend",
    }


def test_a_default_backend_without_rules_is_that_of_any_host() -> None:
    claims = read(ingress("web", default=backend("web")))
    assert list(claims.hosts) == [""]
    fallback = claims.hosts[""].fallback
    assert fallback is not None
    assert fallback.origin == RouteOrigin("shop", "web")


def test_a_default_backend_beside_rules_is_that_of_their_hosts_only() -> None:
    claims = read(ingress("web", rule("a.test", path("/")), rule("b.test"), default=backend("rest")))
    assert set(claims.hosts) == {"a.test", "b.test"}
    for host, claim in claims.hosts.items():
        assert claim.fallback is not None
        assert (claim.fallback.host, claim.fallback.service) == (host, "rest")


def test_a_rule_without_paths_makes_the_host_exist() -> None:
    claims = read(ingress("web", rule("a.test")))
    assert claims.hosts["a.test"].routes == ()
    assert claims.hosts["a.test"].fallback is None


def test_an_ingress_of_another_class_claims_nothing_and_has_no_problems() -> None:
    claims = read(ingress("web", rule("a.test", path("nonsense"))), TranslationSettings())
    assert claims.hosts == {}
    assert claims.upstreams == {}
    assert claims.problems == ()
    assert "no class" in claims.decision.why


def test_a_bad_path_leaves_the_others_unharmed() -> None:
    claims = read(
        ingress(
            "web",
            rule("a.test", path("/a"), path("/(", "cart"), path("/b", kind="Exact")),
            annotations={NGINX + "use-regex": "true"},
        )
    )
    assert [(route.kind, route.path) for route in claims.hosts["a.test"].routes] == [
        (PathKind.REGEX, "/a"),
        (PathKind.EXACT, "/b"),
    ]
    assert codes(claims) == ["invalid_pattern"]


def test_a_rewrite_belongs_to_every_path_of_its_ingress() -> None:
    claims = read(
        ingress(
            "web", rule("a.test", path("/a(.*)")), annotations={NGINX + "rewrite-target": "/b$1"}, default=backend("x")
        )
    )
    assert claims.hosts["a.test"].routes[0].rewrite == Rewrite("/b$1")
    fallback = claims.hosts["a.test"].fallback
    assert fallback is not None
    assert fallback.rewrite == Rewrite("/b$1")


def test_protection_that_cannot_be_given_denies_every_route() -> None:
    written = ingress(
        "web",
        rule("a.test", path("/")),
        annotations={NGINX + "auth-url": "https://auth.test/", "kubernetes.io/ingress.class": "x"},
        default=backend("web"),
    )
    claims = read(written, TranslationSettings(classes=FILES.classes, unsupported_security="deny"))
    assert "auth-url" in claims.hosts["a.test"].routes[0].denied
    fallback = claims.hosts["a.test"].fallback
    assert fallback is not None
    assert fallback.denied
    assert read(written).hosts["a.test"].routes[0].denied == ""


def test_tls_entries_keep_their_place() -> None:
    claims = read(ingress("web", tls=[Tls(("A.test", "a.TEST"), "one"), Tls((), "")]))
    assert claims.tls == (TlsClaim(0, ("a.test",), "one"), TlsClaim(1, (), ""))
    assert claims.secrets == {"shop/one"}
    assert claims.named_hosts == {"a.test"}


def test_paths_are_bounded() -> None:
    claims = read(
        ingress("web", rule("a.test", *(path(f"/{n}") for n in range(MAX_PATHS + 5))), rule("b.test", path("/")))
    )
    assert len(claims.hosts["a.test"].routes) == MAX_PATHS
    assert claims.hosts["b.test"].routes == ()
    assert codes(claims) == ["too_many_paths"]


def test_hosts_are_bounded() -> None:
    rules = [rule(f"{n}.test", path("/")) for n in range(MAX_HOSTS + 5)]
    tls = [Tls((f"{n}.test",), "a") for n in range(MAX_HOSTS + 5)]
    claims = read(ingress("web", *rules, tls=tls))
    assert len(claims.hosts) == MAX_HOSTS
    assert len(claims.tls) == MAX_HOSTS
    assert codes(claims) == ["too_many_hosts", "too_many_hosts"]


text = st.text(max_size=12)
wild_paths = st.builds(
    lambda written, kind, name, port: HttpPath(path=written, path_type=kind, backend=backend(name, port)),
    st.one_of(text, text.map(lambda rest: f"/{rest}")),
    st.one_of(text, st.sampled_from(("Exact", "Prefix", "ImplementationSpecific"))),
    text,
    st.one_of(st.integers(-1, 70000), text),
)
wild_annotations = st.dictionaries(
    st.one_of(
        text,
        text.map(lambda name: NGINX + name),
        st.sampled_from(("rewrite-target", "use-regex", "auth-url", "canary")).map(lambda name: NGINX + name),
    ),
    st.one_of(text, st.sampled_from(("true", "/$1", "/$9/x"))),
    max_size=4,
)


@given(
    st.lists(st.builds(rule, text, wild_paths), max_size=3),
    wild_annotations,
    st.lists(st.builds(Tls, st.lists(text, max_size=2).map(tuple), text), max_size=2),
    text,
    text,
)
def test_reading_never_raises_and_names_the_object_in_every_problem(
    rules: list[object], written: dict[str, str], tls: list[Tls], name: str, namespace: str
) -> None:
    found = ingress(name, *rules, namespace=namespace, annotations=written, tls=tls)  # type: ignore[arg-type]  # as built
    claims = read(found)
    assert all(problem.key == found.key for problem in claims.problems)
    assert all(problem.message and "\n" not in problem.message for problem in claims.problems)
    for host, claim in claims.hosts.items():
        assert all(route.host == host and route.origin.ingress == name for route in claim.routes)


@pytest.mark.parametrize("severity", list(Severity))
def test_a_problem_of_each_severity_can_come_of_one_ingress(severity: Severity) -> None:
    claims = read(ingress("web", rule("a.test", path("x")), annotations={NGINX + "canary": "true"}))
    assert severity in {problem.severity for problem in claims.problems}
