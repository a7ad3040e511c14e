"""An explanation as JSON."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given

from ingressd.admin.explanation_document import decode_explanation, explanation_document, located_explanation
from ingressd.controller.explanation import CertificateExplanation, Explanation, FinalAnswer, Spelling, Winner
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem, Severity
from tests.support.documented import explanations

WEB = ObjectKey(Kind.INGRESS, "shop", "web")
EXPLANATION = Explanation(
    method="GET",
    url="http://shop.localhost/",
    host=Spelling("shop.localhost", "shop.localhost"),
    path=Spelling("/", "/"),
    winner=Winner("shop", "web", 0, 1, None, "", "It is served.", {}, "", (), "/"),
    certificate=CertificateExplanation("", "default", "", "", "No Ingress names one."),
    answer=FinalAnswer(False, 503, "no_endpoints", "There are none."),
    problems=(Problem(severity=Severity.ERROR, code="odd", message="Odd.", key=WEB, path="spec"),),
)


@pytest.mark.parametrize(
    ("rule", "path", "field"),
    [
        (None, None, "spec.defaultBackend"),
        (2, None, "spec.rules[2]"),
        (2, 3, "spec.rules[2].http.paths[3]"),
    ],
)
def test_the_place_of_the_rule_that_won(rule: int | None, path: int | None, field: str) -> None:
    asked: list[tuple[ObjectKey, str]] = []

    def locate(key: ObjectKey, place: str) -> Location:
        asked.append((key, place))
        return Location("shop.yaml", 7)

    assert EXPLANATION.winner is not None
    winner = msgspec.structs.replace(EXPLANATION.winner, rule=rule, path=path)
    found = located_explanation(msgspec.structs.replace(EXPLANATION, winner=winner), locate)
    assert found.winner is not None
    assert found.winner.location == Location("shop.yaml", 7)
    assert asked[0] == (WEB, field)
    assert found.problems[0].location == Location("shop.yaml", 7)


def test_without_a_winner_only_problems_are_placed() -> None:
    found = located_explanation(
        msgspec.structs.replace(EXPLANATION, winner=None), lambda key, place: Location("shop.yaml", len(place))
    )
    assert found.winner is None
    assert found.problems[0].location == Location("shop.yaml", len("spec"))


def test_problems_have_the_same_shape_as_everywhere() -> None:
    document = json.loads(msgspec.json.encode(explanation_document(EXPLANATION)))
    assert list(document) == list(Explanation.__struct_fields__)
    assert document["answer"] == {
        "forwarded": False,
        "status": 503,
        "reason": "no_endpoints",
        "why": "There are none.",
    }
    assert document["problems"] == [
        {
            "severity": "error",
            "code": "odd",
            "kind": "Ingress",
            "namespace": "shop",
            "name": "web",
            "path": "spec",
            "message": "Odd.",
            "advice": "",
            "file": None,
            "line": None,
        }
    ]


@given(explanations)
def test_what_is_read_is_what_was_written(explanation: Explanation) -> None:
    assert decode_explanation(msgspec.json.encode(explanation_document(explanation))) == explanation


def test_a_field_of_a_later_version_is_passed_over() -> None:
    document = explanation_document(EXPLANATION)
    for place in (document, document["winner"], document["answer"], document["problems"][0]):
        place["later"] = {"more": [1]}
    assert decode_explanation(msgspec.json.encode(document)) == EXPLANATION


def test_a_field_that_is_missing_is_named() -> None:
    document = explanation_document(EXPLANATION)
    del document["answer"]["why"]
    with pytest.raises(msgspec.ValidationError, match="missing required field `why`"):
        decode_explanation(msgspec.json.encode(document))
