"""Why there is nothing to serve."""

from __future__ import annotations

from ingressd.cli.nothing_view import explain_nothing
from ingressd.resources.key import Kind

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
    assert explain_nothing(["k8s"], objects={Kind.INGRESS: 1}, passed_over={}, not_served=[]) == (
        "nothing to serve: no Ingress in k8s has a rule or a default backend that can be used; see above"
    )
