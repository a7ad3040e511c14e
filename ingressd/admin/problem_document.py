"""Problems as JSON: the shape that ``--json`` and ``/api/problems`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Location, Problem, Severity

Locate = Callable[[ObjectKey, str], Location | None]
"""Finds the line of a JSON path in an object (``sources.origins``); None where objects do not come from files."""


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One problem. Names are empty when it belongs to no object, ``file`` and ``line`` None when to no file."""

    severity: str
    code: str
    kind: str
    namespace: str
    name: str
    path: str
    message: str
    advice: str
    file: str | None
    line: int | None


class ProblemsDocument(msgspec.Struct, frozen=True, kw_only=True):
    errors: int
    warnings: int
    problems: tuple[ProblemDocument, ...]


def located(problems: Iterable[Problem], locate: Locate) -> tuple[Problem, ...]:
    """Return the problems with their places, in the order of files and lines; those without a place come first."""
    placed = [
        problem
        if problem.location is not None or problem.key is None
        else msgspec.structs.replace(problem, location=locate(problem.key, problem.path))
        for problem in problems
    ]
    return tuple(sorted(placed, key=_place))


def problem_document(problem: Problem) -> ProblemDocument:
    key, location = problem.key, problem.location
    return ProblemDocument(
        severity=problem.severity,
        code=problem.code,
        kind=key.kind if key else "",
        namespace=key.namespace if key else "",
        name=key.name if key else "",
        path=problem.path,
        message=problem.message,
        advice=problem.advice,
        file=location.file if location else None,
        line=(location.line or None) if location else None,
    )


def problems_document(problems: Iterable[Problem]) -> ProblemsDocument:
    listed = tuple(problems)
    severities = [problem.severity for problem in listed]
    return ProblemsDocument(
        errors=severities.count(Severity.ERROR),
        warnings=severities.count(Severity.WARNING),
        problems=tuple(problem_document(problem) for problem in listed),
    )


def _place(problem: Problem) -> tuple[str, int]:
    return (problem.location.file, problem.location.line) if problem.location is not None else ("", 0)
