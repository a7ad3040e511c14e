from __future__ import annotations

import pytest

from ingressd.controller.related_problems import RelatedProblems, backend_place_of, place_of, related_problems
from ingressd.controller.served_certificate import served_certificate
from ingressd.resources.change import Applied
from ingressd.resources.ingress import Tls
from ingressd.routing.route_origin import RouteOrigin
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.support.objects import broken_secret, endpoint, endpoint_slice, ingress, path, rule, service

OBJECTS = (
    ingress("web", rule("a.test", path("nonsense"), path("/x", "gone")), rule("b.test", path("/", "lost"))),
    ingress("api", rule("c.test", path("/")), tls=[Tls(("c.test",), "broken"), Tls(("d.test",), "missing")]),
    service("web"),
    endpoint_slice("web-1", endpoint("224.0.0.1")),
    broken_secret("broken"),
)


def related(host: str, request_path: str) -> RelatedProblems:
    published = Published(TranslationSettings.development(), [Applied(found) for found in OBJECTS])
    match = published.table.match(host, request_path)
    certificate = served_certificate(published.controller, host)
    return related_problems(published.controller, match.host, match.route, certificate, ())


def test_without_a_path_that_matches_all_of_the_hosts_rules_matter() -> None:
    found = related("a.test", "/other")
    assert [problem.path for problem in found.shown] == [
        "spec.rules[0].http.paths[0].path",
        "spec.rules[0].http.paths[1].backend",
    ]
    assert found.left_out == 1


def test_the_slices_of_the_service_matter_and_the_certificate_of_another_host_does_not() -> None:
    found = related("c.test", "/")
    assert [str(problem.key) for problem in found.shown] == [
        "EndpointSlice shop/web-1",
        "Ingress shop/api",
        "Secret shop/broken",
    ]
    assert found.shown[1].code == "no_endpoints"
    assert found.left_out == 1


def test_a_host_that_nobody_serves_has_no_problems() -> None:
    assert related("nobody.test", "/") == RelatedProblems((), 0)


@pytest.mark.parametrize(
    ("origin", "place", "backend"),
    [
        (RouteOrigin("shop", "web"), "spec.defaultBackend", "spec.defaultBackend"),
        (
            RouteOrigin("shop", "web", 1, 2),
            "spec.rules[1].http.paths[2]",
            "spec.rules[1].http.paths[2].backend",
        ),
    ],
)
def test_the_place_of_a_route(origin: RouteOrigin, place: str, backend: str) -> None:
    assert (place_of(origin), backend_place_of(origin)) == (place, backend)
