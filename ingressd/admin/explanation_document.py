"""An explanation as JSON: the shape that ``ingressd explain --json`` and ``/api/explain`` share."""

from __future__ import annotations

from typing import Any

import msgspec

from ingressd.admin.problem_document import Locate, ProblemDocument, located, problem_document, problem_of
from ingressd.controller.explanation import Explanation, Winner
from ingressd.resources.key import Kind, ObjectKey


def located_explanation(explanation: Explanation, locate: Locate) -> Explanation:
    """Return the explanation with the file and line of the rule that won, and of each problem."""
    winner = explanation.winner
    if winner is not None:
        key = ObjectKey(Kind.INGRESS, winner.namespace, winner.ingress)
        winner = msgspec.structs.replace(winner, location=locate(key, _field(winner)))
    return msgspec.structs.replace(explanation, winner=winner, problems=located(explanation.problems, locate))


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """Return the fields of the explanation, with problems in the same shape as everywhere else."""
    document: dict[str, Any] = msgspec.to_builtins(explanation)
    document["problems"] = msgspec.to_builtins([problem_document(problem) for problem in explanation.problems])
    return document


def decode_explanation(answer: bytes) -> Explanation:
    """Return what an encoded ``explanation_document`` was made of; raises one of ``error_document.UNREADABLE``."""
    document = msgspec.json.decode(answer, type=dict[str, Any])
    problems = msgspec.convert(document.pop("problems", ()), tuple[ProblemDocument, ...])
    explanation = msgspec.convert(document, Explanation)
    return msgspec.structs.replace(explanation, problems=tuple(problem_of(problem) for problem in problems))


def _field(winner: Winner) -> str:
    """The place in the Ingress of what won."""
    if winner.rule is None:
        return "spec.defaultBackend"
    rule = f"spec.rules[{winner.rule}]"
    return rule if winner.path is None else f"{rule}.http.paths[{winner.path}]"
