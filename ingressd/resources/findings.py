"""What is found wrong with one object, while it is read and checked."""

from __future__ import annotations

from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem, Severity

MOST_FINDINGS = 100


class Findings:
    """Collects problems of one object, at most ``MOST_FINDINGS`` of them; the rest is only counted.

    ``failed`` is true once there is an error, also when the error itself was past the limit.
    """

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._left_out = 0
        self.failed = False

    @property
    def full(self) -> bool:
        """True when nothing more is kept: no need to word it well."""
        return len(self._found) >= MOST_FINDINGS

    def error(self, code: str, path: str, message: str, advice: str = "") -> None:
        """Something for which the API server refuses the object. Arguments as in ``Problem``."""
        self.failed = True
        self._add(Severity.ERROR, code, path, message, advice)

    def warning(self, code: str, path: str, message: str, advice: str = "") -> None:
        """Something the API server accepts and the author surely did not mean. Arguments as in ``Problem``."""
        self._add(Severity.WARNING, code, path, message, advice)

    def problems(self, key: ObjectKey | None) -> tuple[Problem, ...]:
        """Everything found, in the order of finding, attached to ``key``."""
        found = [
            Problem(problem.severity, problem.code, problem.message, key, problem.path, problem.advice)
            for problem in self._found
        ]
        if self._left_out:
            found.append(
                Problem(
                    Severity.ERROR if self.failed else Severity.WARNING,
                    "too_many_problems",
                    f"{self._left_out} more problems of this object are not shown.",
                    key,
                    advice="Correct those that are shown first.",
                )
            )
        return tuple(found)

    def _add(self, severity: Severity, code: str, path: str, message: str, advice: str) -> None:
        if self.full:
            self._left_out += 1
        else:
            self._found.append(Problem(severity, code, message, None, path, advice))
