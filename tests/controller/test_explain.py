from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingressd.controller.explain import explain
from ingressd.proxy.failures import ANSWERS, Reason
from ingressd.resources.change import Applied, Change
from ingressd.resources.ingress import Backend, ResourceBackend, Tls
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Location
from ingressd.translate.local_endpoints import LocalEndpoint
from ingressd.translate.settings import TranslationSettings
from tests.controller import worlds
from tests.controller.worlds import Published
from tests.support.objects import (
    NGINX,
    backend,
    broken_secret,
    endpoint,
    endpoint_slice,
    ingress,
    ingress_class,
    path,
    rule,
    secret,
    service,
)

FILES = TranslationSettings.development()
STRICT = TranslationSettings()
patient = hypothesis_settings(deadline=None)
"""A slow machine is no failure."""
SHOP = ingress(
    "web",
    rule("shop.test", path("/"), path("/cart(/|$)(.*)", "cart"), path("/cart", "exact", kind="Exact")),
    class_name="ours",
    annotations={NGINX + "rewrite-target": "/$2", "example.com/note": "x"},
    tls=[Tls(("shop.test",), "a")],
)
OBJECTS = (
    SHOP,
    ingress_class("ours"),
    service("cart"),
    endpoint_slice("cart-1", endpoint("10.0.0.1", uid="p1"), endpoint("10.0.0.2", ready=False), service="cart"),
    secret("a", "shop.test"),
)


CERTIFIED = (
    ingress(
        "web",
        *(rule(f"{name}.other", path("/")) for name in ("missing", "broken", "nowhere")),
        *(rule(f"{name}.test", path("/")) for name in ("listed", "covered")),
        tls=[Tls(("listed.test",), "wildcard"), Tls(("missing.other",), "missing"), Tls(("broken.other",), "broken")],
    ),
    secret("wildcard", "*.test"),
    broken_secret("broken"),
)


def world(*objects: object, settings: TranslationSettings = STRICT) -> Published:
    return Published(settings, [Applied(found) for found in objects])  # type: ignore[arg-type]  # Kubernetes objects


def test_the_whole_decision() -> None:
    def locate(key: ObjectKey, where: str) -> Location:
        assert (key, where) == (SHOP.key, "spec.rules[0].http.paths[1]")
        return Location("shop.yaml", 12)

    found = explain(world(*OBJECTS).controller, "GET", "https://SHOP.test:8443/cart/./7?x=1", locate)
    assert (found.host.written, found.host.canonical) == ("SHOP.test", "shop.test")
    assert (found.path.written, found.path.canonical) == ("/cart/./7", "/cart/7")
    assert found.host.changes
    assert found.path.changes
    assert [(one.host, one.chosen) for one in found.hosts] == [("shop.test", True), ("*.test", False), ("", False)]
    assert [(one.path, one.matched, one.won) for one in found.routes] == [
        ("/cart(/|$)(.*)", True, True),
        ("/", True, False),
        ("/cart", False, False),
    ]
    winner = found.winner
    assert winner is not None
    assert (winner.namespace, winner.ingress, winner.rule, winner.path) == ("shop", "web", 0, 1)
    assert winner.location == Location("shop.yaml", 12)
    assert winner.class_name == "ours"
    assert winner.annotations == {NGINX + "rewrite-target": "/$2"}
    assert (winner.rewrite, winner.captures, winner.forwarded_path) == ("/$2", ("/", "7"), "/7")
    assert (found.certificate.secret, found.certificate.step) == ("shop/a", "listed")
    assert found.backend is not None
    assert (found.backend.service, found.backend.service_port, found.backend.target_port) == ("cart", "80", "8080")
    assert [(one.address, one.pod, one.ready, one.used) for one in found.backend.endpoints] == [
        ("10.0.0.1:8080", "pod-p1", None, True),
        ("10.0.0.2:8080", "", False, False),
    ]
    assert found.backend.used == ("10.0.0.1:8080",)
    assert found.answer.forwarded
    assert found.problems == ()
    assert found.problems_left_out == 4


@pytest.mark.parametrize(
    ("url", "status", "reason"),
    [
        ("other.test/", 404, "no_host"),
        ("a.shop.test/", 404, "no_host"),
        ("only.test/x", 404, "no_path"),
        ("only.test/resource", 503, "resource_backend"),
        ("only.test/gone", 503, "no_service"),
        ("only.test/port", 503, "no_service_port"),
        ("only.test/empty", 503, "no_endpoints"),
        ("only.test/external", 503, "external_name_refused"),
        ("denied.test/", 503, "route_denied"),
        ("only.test/../x", 400, "malformed_request"),
        ("only.test/%zz", 400, "malformed_request"),
    ],
)
def test_why_there_is_no_answer_from_a_service(url: str, status: int, reason: str) -> None:
    only = ingress(
        "only",
        rule(
            "only.test",
            type(path("/"))(path="/resource", path_type="Prefix", backend=Backend(resource=ResourceBackend("A", "b"))),
            path("/gone", "gone"),
            path("/port", "cart", 81),
            path("/empty", "empty"),
            path("/external", "external"),
        ),
        class_name="ours",
    )
    denied = ingress(
        "denied", rule("denied.test", path("/")), class_name="ours", annotations={NGINX + "auth-url": "https://x.test"}
    )
    objects = (*OBJECTS, only, denied, service("empty"), service("external", external="api.test"))
    found = explain(world(*objects).controller, "GET", url)
    assert not found.answer.forwarded
    assert (found.answer.status, found.answer.reason) == (status, reason)
    assert ANSWERS[Reason(reason)].status == status


def test_a_default_backend_takes_what_no_path_matches() -> None:
    found = explain(
        world(ingress("web", rule("a.test", path("/x")), default=backend("rest")), settings=FILES).controller,
        "GET",
        "a.test",
    )
    assert found.winner is not None
    assert (found.winner.rule, found.winner.path) == (None, None)
    assert not any(one.won for one in found.routes)


def test_the_loser_of_a_conflict_is_listed_with_its_winner() -> None:
    objects = (ingress("a", rule("a.test", path("/x"))), ingress("b", rule("a.test", path("/x"))))
    found = explain(world(*objects, settings=FILES).controller, "GET", "a.test/x")
    assert [(one.origin, one.won) for one in found.routes] == [("shop/a#0/0", True), ("shop/b#0/0", False)]
    assert "shop/a#0/0 comes first" in found.routes[1].why


def test_a_mapped_service_says_so() -> None:
    settings = TranslationSettings.development(local_endpoints=[LocalEndpoint.parse("web=3000")])
    found = explain(world(ingress("web", rule("a.test", path("/"))), settings=settings).controller, "GET", "a.test")
    assert found.backend is not None
    assert found.backend.used == ("127.0.0.1:3000",)
    assert "web=127.0.0.1:3000" in found.backend.why


@pytest.mark.parametrize(
    ("host", "step", "secret_name", "word"),
    [
        ("listed.test", "listed", "shop/wildcard", "lists listed.test"),
        ("covered.test", "covering", "shop/wildcard", "covers covered.test"),
        (
            "missing.other",
            "local_authority",
            "",
            "shop/web names Secret shop/missing under tls[1], and there is none of type kubernetes.io/tls",
        ),
        ("broken.other", "local_authority", "", "under tls[2], which holds no usable certificate, so the local CA"),
        ("nowhere.other", "local_authority", "", "for this host, so the local CA issues one."),
        ("unknown.other", "local_authority", "", "for this host, so the local CA issues one."),
    ],
)
def test_by_which_step_the_certificate_came(host: str, step: str, secret_name: str, word: str) -> None:
    certificate = explain(world(*CERTIFIED, settings=FILES).controller, "GET", f"https://{host}/").certificate
    assert (certificate.step, certificate.secret) == (step, secret_name)
    assert word in certificate.why


@pytest.mark.parametrize("host", ["missing.other", "broken.other", "nowhere.other"])
def test_without_a_local_authority_the_listener_has_a_default(host: str) -> None:
    settings = msgspec.structs.replace(FILES, local_authority=False)
    certificate = explain(world(*CERTIFIED, settings=settings).controller, "GET", f"https://{host}/").certificate
    assert (certificate.step, certificate.secret) == ("default", "")
    assert certificate.why.endswith(", so the listener's default is served.")


@pytest.mark.parametrize(
    ("method", "status", "reason", "words"),
    [
        ("TRACE", 405, "method_not_allowed", "TRACE is not served"),
        ("CONNECT", 405, "method_not_allowed", "CONNECT is not served"),
        ("FOO", 400, "malformed_request", "FOO"),
        ("get", 400, "malformed_request", "write GET"),
        ("", 400, "malformed_request", "not known"),
    ],
)
def test_a_method_that_the_proxy_refuses(method: str, status: int, reason: str, words: str) -> None:
    answer = explain(world(*OBJECTS).controller, method, "shop.test/cart/1").answer
    assert (answer.forwarded, answer.status, answer.reason) == (False, status, reason)
    assert words in answer.why
    assert ANSWERS[Reason(reason)].status == status


def test_problems_that_do_not_touch_the_request_are_counted() -> None:
    shop = ingress(
        "web",
        rule("a.test", path("/", "one"), path("/two", "two"), path("/three", "one")),
        rule("b.test", path("/", "four")),
        annotations={NGINX + "proxy-body-size": "1m"},
        tls=[Tls(("a.test",), "gone"), Tls(("b.test",), "lost")],
    )
    late = ingress("web-late", rule("a.test", path("/two", "five"), path("/", "five")))
    controller = world(shop, late, settings=FILES).controller
    found = explain(controller, "GET", "https://a.test/three")
    assert [(problem.code, problem.path) for problem in found.problems] == [
        ("unsupported_annotation", f"metadata.annotations[{NGINX}proxy-body-size]"),
        ("no_secret", "spec.tls[0].secretName"),
        ("no_service", "spec.rules[0].http.paths[2].backend"),
    ]
    assert found.problems_left_out == 3
    contested = explain(controller, "GET", "https://a.test/two")
    assert [
        problem.code for problem in contested.problems if problem.key is not None and problem.key.name == "web-late"
    ] == ["path_conflict"]


def test_a_problem_that_stands_at_another_ingress_is_shown_here_too() -> None:
    objects = (ingress("a", rule("a.test", path("/"))), ingress("b", rule("b.test", path("/"))), service("web"))
    found = explain(world(*objects, settings=FILES).controller, "GET", "b.test/")
    assert [(problem.code, str(problem.key), problem.path) for problem in found.problems] == [
        ("no_endpoints", "Ingress shop/b", "spec.rules[0].http.paths[0].backend")
    ]
    assert found.problems_left_out == 0


def test_an_explanation_is_json_without_a_private_key() -> None:
    text = msgspec.json.encode(explain(world(*OBJECTS).controller, "GET", "https://shop.test/cart"))
    assert json.loads(text)["winner"]["ingress"] == "web"
    assert b"PRIVATE KEY" not in text


@patient
@given(
    worlds.settings,
    st.lists(worlds.applied_or_deleted(worlds.bad_or_good), max_size=10),
    st.sampled_from(("a.test", "b.test", "c.test", "x.y", "")),
    st.sampled_from(("/", "/a", "/a/", "/a/b/c", "/b")),
)
def test_the_explanation_agrees_with_the_table(
    settings: TranslationSettings, changes: list[Change], host: str, request_path: str
) -> None:
    published = Published(settings, changes)
    found = explain(published.controller, "GET", f"{host}{request_path}")
    match = published.table.match(host, request_path)
    assert [one.host for one in found.hosts if one.chosen] == ([match.host.host] if match.host else [])
    assert (found.winner is None) == (match.route is None)
    if match.host is not None:
        by_path = match.host.paths.find(request_path)
        assert [one.origin for one in found.routes if one.won] == ([str(by_path.origin)] if by_path else [])
        assert not any(one.matched for one in found.routes if by_path is None)
    name = published.table.certificate_name(host) or ""
    assert found.certificate.secret == (name if name in published.table.certificates else "")
    assert all(why.endswith(".") for why in [one.why for one in found.hosts] + [one.why for one in found.routes])
    if found.answer.forwarded:
        assert found.backend is not None
        assert match.route is not None
        assert match.route.upstream is not None
        upstream = published.table.upstreams[match.route.upstream]
        assert found.backend.used == tuple(str(one) for one in upstream.endpoints)
