from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.controller.event_reports import event_reason, event_reports
from ingressd.kube.event import EventReport
from ingressd.resources.change import Applied, Change, Reported
from ingressd.resources.ingress import Ingress, Tls
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Problem, Severity
from ingressd.translate.settings import TranslationSettings
from tests.controller.worlds import Published, applied_or_deleted, bad_or_good
from tests.support.objects import (
    broken_secret,
    endpoint,
    endpoint_slice,
    ingress,
    ingress_class,
    path,
    rule,
    service,
)

CLASSES = (ingress_class("ours"), ingress_class("theirs", "example.com/other"))


def web(name: str = "web", class_name: str = "ours") -> Ingress:
    found = ingress(
        name, rule(f"{name}.test", path("/", "web")), class_name=class_name, tls=[Tls((f"{name}.test",), "a")]
    )
    return msgspec.structs.replace(found, metadata=msgspec.structs.replace(found.metadata, uid=f"uid-{name}"))


HEALTHY: tuple[KubernetesObject, ...] = (service("web"), endpoint_slice("web-1", endpoint("10.0.0.1"), service="web"))


def reports_of(*objects: KubernetesObject, problems: tuple[Problem, ...] = ()) -> list[EventReport]:
    world = Published(TranslationSettings(), [Applied(found) for found in (*CLASSES, *objects)])
    world.tell(Reported("api", problems))
    return list(event_reports(world.controller))


def problem(key: ObjectKey | None, message: str = "It is wrong.", advice: str = "Correct it.") -> Problem:
    return Problem(Severity.WARNING, "some_code", message, key, "spec.x", advice)


@pytest.mark.parametrize(
    ("code", "reason"), [("no_service", "NoService"), ("key_pair_mismatch", "KeyPairMismatch"), ("a", "A")]
)
def test_a_reason_is_the_code_in_camel_case(code: str, reason: str) -> None:
    assert event_reason(code) == reason


def test_a_problem_of_an_ingress_stands_at_its_place_with_its_advice() -> None:
    found = web()
    assert EventReport(found.key, "uid-web", "SomeCode", "It is wrong. Correct it.", "spec.x") in reports_of(
        found, problems=(problem(found.key),)
    )


def test_a_missing_service_is_said_at_the_ingress_that_names_it() -> None:
    (found,) = [report for report in reports_of(web()) if report.reason == "NoService"]
    assert (found.key, found.path) == (web().key, "spec.rules[0].http.paths[0].backend")
    assert found.message.startswith("There is no Service web in namespace shop")
    assert "Create it" in found.message


def test_a_secret_is_said_at_every_ingress_that_uses_it() -> None:
    found = reports_of(*HEALTHY, broken_secret("a"), web("one"), web("two"), web("foreign", "theirs"))
    assert [(report.key.name, report.path) for report in found] == [
        ("one", "spec.tls[0].secretName"),
        ("two", "spec.tls[0].secretName"),
    ]
    assert all("Secret shop/a" in report.message for report in found)


@pytest.mark.parametrize("key", [service("web").key, endpoint_slice("web-1", service="web").key])
def test_a_service_and_its_slices_are_said_at_the_backend(key: ObjectKey) -> None:
    found = [report for report in reports_of(*HEALTHY, web(), problems=(problem(key),)) if report.reason == "SomeCode"]
    assert found == [
        EventReport(
            web().key,
            "uid-web",
            "SomeCode",
            f"{key}: It is wrong. Correct it.",
            "spec.rules[0].http.paths[0].backend",
        )
    ]


def test_a_class_is_said_at_the_ingresses_of_ours_that_name_it() -> None:
    key = ObjectKey(Kind.INGRESS_CLASS, "", "ours")
    found = [report for report in reports_of(web(), problems=(problem(key),)) if report.reason == "SomeCode"]
    assert [(report.key, report.path) for report in found] == [(web().key, "spec.ingressClassName")]
    assert found[0].message.startswith("IngressClass ours: ")


@pytest.mark.parametrize(
    "key",
    [
        None,
        web("unheard-of").key,
        web("foreign").key,
        service("unused").key,
        endpoint_slice("gone", service="web").key,
        ObjectKey(Kind.SECRET, "shop", "unused"),
        ObjectKey(Kind.INGRESS_CLASS, "", "theirs"),
    ],
)
def test_what_concerns_no_ingress_of_ours_is_no_event(key: ObjectKey | None) -> None:
    found = reports_of(*HEALTHY, web(), web("foreign", "theirs"), problems=(problem(key),))
    assert [report for report in found if report.reason == "SomeCode"] == []


def test_an_ingress_that_is_not_ours_is_told_why_when_that_is_the_problem() -> None:
    found = ingress("web", class_name="theirs", annotations={"kubernetes.io/ingress.class": "ours"})
    assert [report.reason for report in reports_of(found)] == ["ClassMismatch"]


def test_what_stands_twice_is_said_once() -> None:
    key = web().key
    found = reports_of(*HEALTHY, web(), problems=(problem(key), problem(key, "It is wrong. Correct it.", "")))
    assert len([report for report in found if report.reason == "SomeCode"]) == 1


@given(st.lists(applied_or_deleted(bad_or_good), max_size=12))
def test_every_report_is_about_an_ingress_that_exists(changes: list[Change]) -> None:
    world = Published(TranslationSettings(), changes)
    for report in event_reports(world.controller):
        assert report.key in world.controller.store
        assert report.reason.isalnum()
        assert report.message
