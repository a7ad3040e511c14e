"""Problems by finder."""

from __future__ import annotations

from ingressd.controller.problem_register import ProblemRegister
from ingressd.resources.problem import Problem, Severity

ONE = Problem(Severity.ERROR, "one", "One is wrong.")
TWO = Problem(Severity.WARNING, "two", "Two is odd.")


def test_what_a_finder_finds_replaces_what_it_found() -> None:
    register = ProblemRegister[str]()
    register.put("a", (ONE,))
    register.put("b", (ONE, TWO))
    register.put("a", (TWO,))
    assert sorted(problem.code for problem in register.all()) == ["one", "two", "two"]
    register.put("b", ())
    assert list(register.all()) == [TWO]


def test_the_version_grows_with_every_difference_and_with_nothing_else() -> None:
    register = ProblemRegister[str]()
    versions = []
    for problems in ((), (ONE,), (ONE,), (ONE, TWO), (), ()):
        register.put("a", problems)
        versions.append(register.version)
    assert versions == [0, 1, 1, 2, 3, 3]
