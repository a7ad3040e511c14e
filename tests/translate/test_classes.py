from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingressd.resources.ingress import CLASS_ANNOTATION, Ingress
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.problem import Severity
from ingressd.translate.classes import ClassSelection, decide_class
from tests.support.objects import ingress, ingress_class

OURS = ingress_class("ours")
THEIRS = ingress_class("theirs", "example.com/other")
DEFAULT = ingress_class("default", default=True)
DEFAULT_TOO = ingress_class("default-too", default=True)
THEIR_DEFAULT = ingress_class("their-default", "example.com/other", default=True)

STRICT = ClassSelection()
ONLY_OURS = ClassSelection(served=frozenset({"ours"}))
WITHOUT_CLASS = ClassSelection(without_class=True)
FILES = ClassSelection(every_class=True, without_class=True, emulate_admission=True)
FILES_ONE = ClassSelection(every_class=True, without_class=True, emulate_admission=True, served=frozenset({"one"}))
FILES_STRICT = ClassSelection(emulate_admission=True)


def annotated(name: str, class_name: str | None = None) -> Ingress:
    return ingress(class_name=class_name, annotations={CLASS_ANNOTATION: name})


@pytest.mark.parametrize(
    ("selection", "classes", "found", "served"),
    [
        (STRICT, [OURS], ingress(class_name="ours"), True),
        (STRICT, [THEIRS], ingress(class_name="theirs"), False),
        (STRICT, [], ingress(class_name="some-invalid-class-name"), False),
        (STRICT, [OURS], ingress(), False),
        (STRICT, [DEFAULT], ingress(), False),
        (STRICT, [OURS], annotated("ours"), True),
        (STRICT, [], annotated("ours"), False),
        (STRICT, [THEIRS], annotated("theirs"), False),
        (STRICT, [OURS, THEIRS], annotated("ours", "theirs"), False),
        (STRICT, [OURS, THEIRS], annotated("theirs", "ours"), True),
        (ONLY_OURS, [OURS], ingress(class_name="ours"), True),
        (ONLY_OURS, [DEFAULT], ingress(class_name="default"), False),
        (ONLY_OURS, [], ingress(class_name="ours"), False),
        (ONLY_OURS, [], annotated("ours"), True),
        (WITHOUT_CLASS, [], ingress(), True),
        (WITHOUT_CLASS, [DEFAULT, DEFAULT_TOO], ingress(), True),
        (FILES, [], ingress(class_name="whatever"), True),
        (FILES, [THEIRS], ingress(class_name="theirs"), True),
        (FILES, [], annotated("whatever"), True),
        (FILES, [], ingress(), True),
        (FILES, [DEFAULT], ingress(), True),
        (FILES, [DEFAULT, DEFAULT_TOO], ingress(), False),
        (FILES, [DEFAULT, DEFAULT_TOO], ingress(class_name="default"), True),
        (FILES_ONE, [], ingress(class_name="one"), True),
        (FILES_ONE, [], ingress(class_name="other"), False),
        (FILES_ONE, [DEFAULT], ingress(), False),
        (FILES_STRICT, [DEFAULT], ingress(), True),
        (FILES_STRICT, [THEIR_DEFAULT], ingress(), False),
        (FILES_STRICT, [], ingress(), False),
    ],
)
def test_which_ingresses_are_ours(
    selection: ClassSelection, classes: Sequence[IngressClass], found: Ingress, served: bool
) -> None:
    decision = decide_class(found, classes, selection)
    assert decision.served is served
    assert decision.why.endswith(".")


def test_a_class_given_by_emulated_admission_is_named() -> None:
    assert decide_class(ingress(), [DEFAULT], FILES).class_name == "default"


def test_several_default_classes_are_an_error_of_the_ingress_without_class() -> None:
    (problem,) = decide_class(ingress(), [DEFAULT, DEFAULT_TOO], FILES).problems
    assert (problem.severity, problem.code) == (Severity.ERROR, "several_default_classes")
    assert '"default", "default-too"' in problem.message


@pytest.mark.parametrize(("in_annotation", "in_spec"), [("theirs", "ours"), ("ours", "theirs")])
def test_a_mismatch_is_reported_when_one_of_the_two_is_ours(in_annotation: str, in_spec: str) -> None:
    (problem,) = decide_class(annotated(in_annotation, in_spec), [OURS, THEIRS], STRICT).problems
    assert (problem.severity, problem.code) == (Severity.WARNING, "class_mismatch")


def test_a_mismatch_in_files_is_left_to_their_validation() -> None:
    assert decide_class(annotated("a", "b"), [], FILES).problems == ()


def test_a_mismatch_between_the_classes_of_others_is_not_our_business() -> None:
    assert decide_class(annotated("a", "b"), [], STRICT).problems == ()
