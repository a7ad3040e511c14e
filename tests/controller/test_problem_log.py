"""Problems as lines of the log."""

from __future__ import annotations

import logging

import pytest

from ingressd.controller.problem_log import MOST_LINES, ProblemLog
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem, Severity

KEY = ObjectKey(Kind.INGRESS, "shop", "web")


def problem(message: str = "It is wrong.", severity: Severity = Severity.ERROR, *, line: int = 0) -> Problem:
    return Problem(
        severity,
        "wrong",
        message,
        advice="Put it right.",
        key=KEY,
        path="spec.rules[0]",
        location=Location("site.yaml", line) if line else None,
    )


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> ProblemLog:
    caplog.set_level(logging.INFO)
    return ProblemLog(logging.getLogger("problems"))


def test_each_problem_is_said_once(log: ProblemLog, caplog: pytest.LogCaptureFixture) -> None:
    log.look([problem()])
    log.look([problem(), problem("Another.", Severity.WARNING, line=7)])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "Ingress shop/web spec.rules[0]: It is wrong. Put it right."),
        ("WARNING", "site.yaml:7: Ingress shop/web spec.rules[0]: Another. Put it right."),
    ]


def test_two_that_are_equal_are_one(log: ProblemLog, caplog: pytest.LogCaptureFixture) -> None:
    log.look([problem(), problem()])
    assert len(caplog.records) == 1


def test_what_is_solved_is_counted_and_new_when_it_comes_back(
    log: ProblemLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.look([problem("a"), problem("b")])
    caplog.clear()
    log.look([problem("b")])
    assert [record.getMessage() for record in caplog.records] == ["solved: 1; problems left: 1"]
    caplog.clear()
    log.look([problem("a"), problem("b")])
    assert len(caplog.records) == 1
    assert "a Put it right." in caplog.text


def test_a_flood_is_cut(log: ProblemLog, caplog: pytest.LogCaptureFixture) -> None:
    log.look([problem(f"number {number}") for number in range(MOST_LINES + 20)])
    assert len(caplog.records) == MOST_LINES + 1
    assert caplog.records[-1].getMessage() == "20 more new problems are not logged: see /api/problems"


def test_what_a_user_wrote_stays_in_its_line(log: ProblemLog, caplog: pytest.LogCaptureFixture) -> None:
    log.look([problem("one\n2026-11-20 CRITICAL \x1b[31mforged")])
    message = caplog.records[0].getMessage()
    assert "\n" not in message
    assert "\x1b" not in message
