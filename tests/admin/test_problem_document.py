"""Problems as JSON."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.admin.problem_document import decode_problems, located, problems_document
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem, Severity
from tests.support.documented import problems

WEB = ObjectKey(Kind.INGRESS, "shop", "web")
IN_OBJECT = Problem(
    severity=Severity.ERROR, code="no_service", message="M.", key=WEB, path="spec.rules[0]", advice="A."
)
IN_FILE = Problem(severity=Severity.WARNING, code="odd", message="N.", location=Location("a.yaml", 3))


def nowhere(key: ObjectKey, path: str) -> Location | None:
    return None


def test_the_document() -> None:
    placed = msgspec.structs.replace(IN_OBJECT, location=Location("shop.yaml", 7))
    assert msgspec.json.decode(msgspec.json.encode(problems_document([IN_FILE, placed]))) == {
        "errors": 1,
        "warnings": 1,
        "problems": [
            {
                "severity": "warning",
                "code": "odd",
                "kind": "",
                "namespace": "",
                "name": "",
                "path": "",
                "message": "N.",
                "advice": "",
                "file": "a.yaml",
                "line": 3,
            },
            {
                "severity": "error",
                "code": "no_service",
                "kind": "Ingress",
                "namespace": "shop",
                "name": "web",
                "path": "spec.rules[0]",
                "message": "M.",
                "advice": "A.",
                "file": "shop.yaml",
                "line": 7,
            },
        ],
    }


def test_a_problem_without_a_place() -> None:
    document = problems_document([IN_OBJECT]).problems[0]
    assert (document.file, document.line) == (None, None)


def test_places_are_looked_up_and_decide_the_order() -> None:
    def locate(key: ObjectKey, path: str) -> Location | None:
        assert (key, path) == (WEB, "spec.rules[0]")
        return Location("a.yaml", 2)

    placed = located([IN_FILE, IN_OBJECT], locate)
    assert [(problem.code, str(problem.location)) for problem in placed] == [
        ("no_service", "a.yaml:2"),
        ("odd", "a.yaml:3"),
    ]


def test_a_known_place_is_kept() -> None:
    assert located([IN_FILE], nowhere) == (IN_FILE,)


def test_lines_sort_as_numbers() -> None:
    unsorted = [msgspec.structs.replace(IN_FILE, location=Location("a.yaml", line)) for line in (10, 9)]
    assert [problem.location for problem in located(unsorted, nowhere)] == [
        Location("a.yaml", 9),
        Location("a.yaml", 10),
    ]


def test_problems_without_a_place_come_first() -> None:
    assert located([IN_FILE, IN_OBJECT], nowhere) == (IN_OBJECT, IN_FILE)


@given(st.lists(problems, max_size=5).map(tuple))
def test_what_is_read_is_what_was_written(listed: tuple[Problem, ...]) -> None:
    assert decode_problems(msgspec.json.encode(problems_document(listed))) == listed


@pytest.mark.parametrize(
    ("field", "value"),
    [("severity", "fatal"), ("kind", "Gateway"), ("line", "seven"), ("message", None)],
)
def test_what_cannot_be_read(field: str, value: object) -> None:
    document = msgspec.to_builtins(problems_document([IN_OBJECT]))
    document["problems"][0][field] = value
    with pytest.raises(msgspec.ValidationError):
        decode_problems(msgspec.json.encode(document))
