"""Routes as JSON: the shape that ``ingressd routes --json`` and ``/api/routes`` share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ingressd.admin.problem_document import ProblemDocument, problem_of, problems_document
from ingressd.controller.controller import NotServed
from ingressd.controller.routes import RouteRow
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem


class NotServedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An Ingress that is left to another controller, or to none; ``why`` is a sentence."""

    namespace: str
    name: str
    why: str


class RoutesDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Every route, everything that is wrong, and the Ingresses that have no route here because they are none of ours.

    The last are optional when reading: replicas of an earlier version do not name them.
    """

    routes: tuple[RouteRow, ...]
    errors: int
    warnings: int
    problems: tuple[ProblemDocument, ...]
    not_served: tuple[NotServedDocument, ...] = ()


class RoutesFound(NamedTuple):
    """What a ``RoutesDocument`` is made of."""

    routes: tuple[RouteRow, ...]
    problems: tuple[Problem, ...]
    not_served: tuple[NotServed, ...]


def routes_document(
    rows: Iterable[RouteRow], problems: Iterable[Problem], not_served: Iterable[NotServed]
) -> RoutesDocument:
    found = problems_document(problems)
    return RoutesDocument(
        routes=tuple(rows),
        errors=found.errors,
        warnings=found.warnings,
        problems=found.problems,
        not_served=tuple(NotServedDocument(namespace=key.namespace, name=key.name, why=why) for key, why in not_served),
    )


def decode_routes(answer: bytes) -> RoutesFound:
    """Return what an encoded ``routes_document`` was made of; raises one of ``error_document.UNREADABLE``."""
    document = msgspec.json.decode(answer, type=RoutesDocument)
    return RoutesFound(
        routes=document.routes,
        problems=tuple(problem_of(problem) for problem in document.problems),
        not_served=tuple(
            NotServed(ObjectKey(Kind.INGRESS, found.namespace, found.name), found.why) for found in document.not_served
        ),
    )
