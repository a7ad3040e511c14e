from __future__ import annotations

from ingressd.resources.findings import MOST_FINDINGS, Findings
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem, Severity

KEY = ObjectKey(Kind.INGRESS, "shop", "web")


def test_problems_carry_the_key() -> None:
    findings = Findings()
    findings.warning("a", "spec", "message", "advice")
    assert findings.problems(KEY) == (Problem(Severity.WARNING, "a", "message", KEY, "spec", "advice"),)
    assert not findings.failed


def test_an_error_fails_the_object() -> None:
    findings = Findings()
    findings.error("a", "", "message")
    assert findings.failed


def test_the_number_of_problems_is_bounded() -> None:
    findings = Findings()
    for _ in range(MOST_FINDINGS):
        assert not findings.full
        findings.warning("a", "", "message")
    assert findings.full
    findings.error("b", "", "message")
    problems = findings.problems(KEY)
    assert findings.failed
    assert len(problems) == MOST_FINDINGS + 1
    assert problems[-1].code == "too_many_problems"
    assert problems[-1].severity is Severity.ERROR
    assert problems[-1].message.startswith("1 more ")
