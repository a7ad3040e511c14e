"""Problems as JSON: the shape that ``--json`` and ``/api/problems`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Location, Problem, Severity

Locate = Callable[[ObjectKey, str], Location | None]
"""Finds the line of a JSON path in an object (``sources.origins``); None where objects do not come from files."""


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One problem. Names are empty when it belongs to no object, ``file`` and ``line`` None when to no file."""

    severity: Severity
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


def problem_of(document: ProblemDocument) -> Problem:
    """Return the problem that ``problem_document`` was given; raises msgspec.ValidationError for an unknown kind."""
    key = ObjectKey(msgspec.convert(document.kind, Kind), document.namespace, document.name) if document.kind else None
    return Problem(
        severity=document.severity,
        code=document.code,
        message=document.message,
        key=key,
        path=document.path,
        advice=document.advice,
        location=Location(document.file, document.line or 0) if document.file is not None else None,
    )


def decode_problems(answer: bytes) -> tuple[Problem, ...]:
    """Return the problems of an encoded ``problems_document``; raises one of ``error_document.UNREADABLE``."""
    document = msgspec.json.decode(answer, type=ProblemsDocument)
    return tuple(problem_of(problem) for problem in document.problems)


def _place(problem: Problem) -> tuple[str, int]:
    return (problem.location.file, problem.location.line) if problem.location is not None else ("", 0)
