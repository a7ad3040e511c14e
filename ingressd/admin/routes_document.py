"""Routes as JSON: the shape that ``ingressd routes --json`` and ``/api/routes`` share."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ingressd.admin.problem_document import ProblemDocument, problem_of, problems_document
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem


class RoutesDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Every route, and everything that is wrong."""

    routes: tuple[RouteRow, ...]
    errors: int
    warnings: int
    problems: tuple[ProblemDocument, ...]


def routes_document(rows: Iterable[RouteRow], problems: Iterable[Problem]) -> RoutesDocument:
    found = problems_document(problems)
    return RoutesDocument(routes=tuple(rows), errors=found.errors, warnings=found.warnings, problems=found.problems)


def decode_routes(answer: bytes) -> tuple[tuple[RouteRow, ...], tuple[Problem, ...]]:
    """Return what an encoded ``routes_document`` was made of; raises one of ``error_document.UNREADABLE``."""
    document = msgspec.json.decode(answer, type=RoutesDocument)
    return document.routes, tuple(problem_of(problem) for problem in document.problems)
