"""Why there is nothing to serve."""

from __future__ import annotations

from ingressd.cli.nothing_view import explain_nothing
from ingressd.resources.key import Kind
from ingressd.resources.problem import Severity

CALL_TO_ACTION = "  Name the files or folders with your Ingress manifests; `ingressd demo` shows an example."


def test_an_empty_folder() -> None:
    assert explain_nothing(["k8s"], objects={}, passed_over={}, not_served=[]) == "\n".join(
        (
            "nothing to serve: there is no Ingress in k8s",
            "  found: no Kubernetes objects",
            "  Files that end in .yaml, .yml or .json are read, in folders below the paths too.",
            CALL_TO_ACTION,
        )
    )


def test_other_objects_are_named() -> None:
    text = explain_nothing(
        ["a", "b.yaml"],
        objects={Kind.SERVICE: 2, Kind.NAMESPACE: 1},
        passed_over={"v1/Pod": 1, "apps/v1/Deployment": 3},
        not_served=[],
    )
    assert text == "\n".join(
        (
            "nothing to serve: there is no Ingress in a, b.yaml",
            "  found: 1 Namespace, 2 Services, 3 apps/v1/Deployment (not looked at), 1 v1/Pod (not looked at)",
            CALL_TO_ACTION,
        )
    )


def test_ingresses_of_another_class() -> None:
    text = explain_nothing(
        ["k8s"],
        objects={Kind.INGRESS: 7},
        passed_over={},
        not_served=[(f"Ingress shop/{number}", "It names class 'nginx'.") for number in range(7)],
    )
    assert text.splitlines() == [
        "nothing to serve: no Ingress in k8s is ours",
        *(f"  Ingress shop/{number}: It names class 'nginx'." for number in range(5)),
        "  … and 2 more",
        "  Choose the class with --ingress-class NAME, or leave the flag out to serve every class.",
    ]


def test_ingresses_without_a_rule_that_can_be_used() -> None:
    reason = "nothing to serve: no Ingress in k8s has a rule or a default backend that can be used"
    objects = {Kind.INGRESS: 1}
    assert explain_nothing(["k8s"], objects=objects, passed_over={}, not_served=[]) == (
        f"{reason}: give one spec.rules or spec.defaultBackend"
    )
    assert explain_nothing(["k8s"], objects=objects, passed_over={}, not_served=[], worst=Severity.ERROR) == (
        f"{reason}; see the errors above"
    )


def test_files_with_errors_may_hold_an_ingress() -> None:
    text = explain_nothing(["k8s"], objects={Kind.SERVICE: 1}, passed_over={}, not_served=[], worst=Severity.ERROR)
    assert text.splitlines() == [
        "nothing to serve: no Ingress in k8s could be read; see the errors above",
        "  found: 1 Service",
    ]


def test_files_with_warnings_need_no_lecture_on_names() -> None:
    text = explain_nothing(["k8s"], objects={}, passed_over={}, not_served=[], worst=Severity.WARNING)
    assert text.splitlines()[1:] == ["  found: no Kubernetes objects", "  See the warnings above.", CALL_TO_ACTION]


def test_an_ingress_of_another_class_beside_errors() -> None:
    text = explain_nothing(
        ["k8s"], objects={Kind.INGRESS: 2}, passed_over={}, not_served=[("Ingress a/b", "Why.")], worst=Severity.ERROR
    )
    assert text.splitlines()[2] == "  Others could not be served: see the errors above."
