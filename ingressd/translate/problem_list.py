"""The problems of one object, as they are found."""

from __future__ import annotations

from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem, Severity

MAX_PROBLEMS_PER_OBJECT = 200
"""What a person can work through, and what keeps one broken object from filling the memory of the controller."""


class ProblemList:
    """Collects problems of the object ``key``; past the bound they are counted and summed up in one."""

    def __init__(self, key: ObjectKey) -> None:
        self._key = key
        self._problems: list[Problem] = []
        self._left_out = 0

    def error(self, code: str, path: str, message: str, advice: str = "") -> None:
        """A part of the object is not served."""
        self._add(Problem(Severity.ERROR, code, message, self._key, path, advice))

    def warning(self, code: str, path: str, message: str, advice: str = "") -> None:
        """The part is served, but not as its author may expect."""
        self._add(Problem(Severity.WARNING, code, message, self._key, path, advice))

    def _add(self, problem: Problem) -> None:
        if len(self._problems) < MAX_PROBLEMS_PER_OBJECT:
            self._problems.append(problem)
        else:
            self._left_out += 1

    def found(self) -> tuple[Problem, ...]:
        if not self._left_out:
            return tuple(self._problems)
        summary = Problem(
            Severity.WARNING,
            "more_problems",
            f"{self._key} has {self._left_out} more problems than the {MAX_PROBLEMS_PER_OBJECT} that are listed.",
            self._key,
            "",
            "Correct the listed problems first.",
        )
        return (*self._problems, summary)


def place_of_annotation(name: str) -> str:
    """The JSON path of an annotation; its name holds dots, so it stands in brackets."""
    return f"metadata.annotations['{name}']"
