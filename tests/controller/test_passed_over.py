from __future__ import annotations

from ingressd.controller.passed_over import passed_over
from ingressd.resources.change import Applied
from ingressd.resources.ingress import Ingress
from ingressd.resources.ingress_class import IngressClass
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published
from tests.support.objects import backend, ingress, ingress_class, path, rule

SERVED = ingress("served", rule("shop.test", path("/")), class_name="ours")


def found(*objects: Ingress | IngressClass) -> dict[str, str]:
    changes = [Applied(each) for each in (ingress_class("ours"), *objects)]
    return passed_over(Published(TranslationSettings(), changes).controller)


def test_nobody_is_named_when_everything_is_served() -> None:
    assert found(SERVED) == {}


def test_each_host_has_the_ingress_that_names_it_and_why_it_is_not_served() -> None:
    other = ingress("other", rule("A.test", path("/")), rule("*.test", path("/")), class_name="ors")
    why = 'It names class "ors", and there is no IngressClass of that name.'
    sentence = f"Ingress shop/other names it and is not served. {why}"
    assert found(SERVED, other) == {"a.test": sentence, "*.test": sentence}


def test_an_ingress_without_rules_stands_for_every_host() -> None:
    other = ingress("other", default=backend("web"))
    assert found(other)[""].startswith(
        "Ingress shop/other has a rule without a host, or a default backend, and is not served. It names no class"
    )


def test_of_two_the_older_is_named() -> None:
    first, second = (ingress(name, rule("a.test", path("/"))) for name in ("a", "b"))
    assert found(second, first)["a.test"].startswith("Ingress shop/a ")
