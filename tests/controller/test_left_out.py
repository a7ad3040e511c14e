"""Hosts of Ingresses that are none of ours."""

from __future__ import annotations

import pytest

from ingressd.controller.controller import Controller
from ingressd.controller.explain import explain
from ingressd.controller.left_out import left_out
from ingressd.resources.change import Applied, Change
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.support.objects import backend, ingress, ingress_class, path, rule

CLASS = "nginx"
OTHERS = (
    Applied(ingress_class(CLASS, controller="k8s.io/ingress-nginx")),
    Applied(ingress("web", rule("Shop.test", path("/", "web")), class_name=CLASS)),
)
WHY = 'IngressClass "nginx" belongs to the controller "k8s.io/ingress-nginx".'


def of(*changes: Change) -> Controller:
    return Published(TranslationSettings(), changes).controller


@pytest.mark.parametrize(
    ("host", "said"),
    [("shop.test", f"Ingress shop/web names it and is not served. {WHY}"), ("other.test", ""), ("", "")],
)
def test_the_ingress_and_the_reason_are_named(host: str, said: str) -> None:
    assert left_out(of(*OTHERS), host) == said


def test_a_default_backend_is_for_any_host() -> None:
    rest = Applied(ingress("rest", default=backend("web"), class_name=CLASS))
    said = left_out(of(*OTHERS, rest), "")
    assert said == f"Ingress shop/rest has a rule without a host, or a default backend, and is not served. {WHY}"


def test_an_explanation_says_it() -> None:
    found = explain(of(*OTHERS), "GET", "http://shop.test/")
    assert found.hosts[0].why == f"Ingress shop/web names it and is not served. {WHY}"
