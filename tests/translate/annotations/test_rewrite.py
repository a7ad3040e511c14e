from __future__ import annotations

import pytest

from ingressd.policies.rewrite import Rewrite
from ingressd.resources.findings import Findings
from ingressd.resources.problem import Severity
from ingressd.translate.annotations.rewrite import (
    LONGEST_TARGET,
    REWRITE_TARGET,
    USE_REGEX,
    PathRewriting,
    highest_reference,
    read_path_rewriting,
)


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, PathRewriting()),
        ({USE_REGEX: "true"}, PathRewriting(by_pattern=True)),
        ({USE_REGEX: "1"}, PathRewriting(by_pattern=True)),
        ({USE_REGEX: "false"}, PathRewriting()),
        ({USE_REGEX: ""}, PathRewriting()),
        ({REWRITE_TARGET: "/$2"}, PathRewriting(True, Rewrite("/$2"))),
        ({REWRITE_TARGET: "/$2", USE_REGEX: "false"}, PathRewriting(True, Rewrite("/$2"))),
        ({REWRITE_TARGET: ""}, PathRewriting()),
    ],
)
def test_values_with_an_effect(annotations: dict[str, str], expected: PathRewriting) -> None:
    problems = Findings()
    assert read_path_rewriting(annotations, problems) == expected
    assert problems.problems(None) == ()


@pytest.mark.parametrize(
    "written",
    [
        "https://example.com/",
        "api",
        "$1",
        "/a b",
        "/a\r\nX: y",
        "/a\0",
        "/é",
        "/a?b=$1",
        "/a#b",
        "/" + "a" * LONGEST_TARGET,
    ],
)
def test_a_target_that_cannot_be_used_is_skipped_and_the_paths_stay_patterns(written: str) -> None:
    problems = Findings()
    assert read_path_rewriting({REWRITE_TARGET: written}, problems) == PathRewriting(by_pattern=True)
    (problem,) = problems.problems(None)
    assert (problem.severity, problem.code) == (Severity.ERROR, "invalid_annotation_value")
    assert problem.path == f"metadata.annotations[{REWRITE_TARGET}]"
    assert "\n" not in problem.message


def test_a_boolean_that_is_none_counts_as_false() -> None:
    problems = Findings()
    assert read_path_rewriting({USE_REGEX: "yes"}, problems) == PathRewriting()
    (problem,) = problems.problems(None)
    assert problem.code == "invalid_annotation_value"


@pytest.mark.parametrize(("target", "highest"), [("/", 0), ("/$1", 1), ("/$2/$1", 2), ("/$10", 1), ("/$0", 0)])
def test_the_highest_reference(target: str, highest: int) -> None:
    assert highest_reference(Rewrite(target)) == highest
