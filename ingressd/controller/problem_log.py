"""Problems as lines of the log, each once."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from ingressd.resources.problem import Problem, Severity
from ingressd.telemetry.request_line import printable

MOST_LINES = 50
"""Of one look; what is wrong with a thousand objects at once is read at the admin port."""

_LEVELS = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING}


class ProblemLog:
    """Logs what was not there at the look before, and how much has gone."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._known: frozenset[Problem] = frozenset()

    def look(self, problems: Iterable[Problem]) -> None:
        """Take note of all the problems that there are now."""
        now = dict.fromkeys(problems)
        new = [problem for problem in now if problem not in self._known]
        gone = sum(problem not in now for problem in self._known)
        self._known = frozenset(now)
        for problem in new[:MOST_LINES]:
            self._log.log(_LEVELS[problem.severity], "%s", _line(problem))
        if len(new) > MOST_LINES:
            self._log.warning("%d more new problems are not logged: see /api/problems", len(new) - MOST_LINES)
        if gone:
            self._log.info("solved: %d; problems left: %d", gone, len(now))


def _line(problem: Problem) -> str:
    place = f"{problem.location}: " if problem.location is not None else ""
    owner = " ".join(part for part in (str(problem.key or ""), problem.path) if part)
    text = f"{place}{f'{owner}: ' if owner else ''}{problem.message} {problem.advice}".rstrip()
    # What a user wrote must not end the line, or reach a terminal as it is.
    return printable(text)
