"""What a save changed, as text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from ingressd.cli.palette import PLAIN, Palette
from ingressd.cli.problem_view import format_problems, summarise
from ingressd.resources.problem import Problem, Severity
from ingressd.telemetry.request_line import printable

MAX_CHANGE_LINES = 200
_STILL_SERVED = {
    True: "This save changed no route: what was served before it is still served.",
    False: "What the changes above do not name is served as before this save.",
}


def format_changes(lines: Sequence[str], *, palette: Palette = PLAIN) -> tuple[str, ...]:
    """Paint lines that begin with ``+``, ``-`` or ``~``; the end of a very long list is counted, not shown."""
    shown = [_paint(printable(line), palette) for line in lines[:MAX_CHANGE_LINES]]
    if len(lines) > MAX_CHANGE_LINES:
        shown.append(f"… and {len(lines) - MAX_CHANGE_LINES} more changes")
    return tuple(shown)


def format_problem_changes(
    before: Collection[Problem], after: Sequence[Problem], *, served_as_before: bool, palette: Palette = PLAIN
) -> tuple[str, ...]:
    """Return the problems that are new, how many are gone, and how many there are; nothing when none came or went.

    A problem whose line moved is the same problem. With a new error it is said what is served now; all that was
    before, when the save changed no route (``served_as_before``).
    """
    known = {_without_place(problem) for problem in before}
    new = [problem for problem in after if _without_place(problem) not in known]
    gone = len(known - {_without_place(problem) for problem in after})
    if not new and not gone:
        return ()
    fixed = f" ({gone} fixed)" if gone else ""
    return (
        *format_problems(new, palette=palette),
        *([_STILL_SERVED[served_as_before]] if any(problem.severity is Severity.ERROR for problem in new) else ()),
        f"now {summarise(after)}{fixed}",
    )


def _without_place(problem: Problem) -> Problem:
    # A problem of a file alone is told from others by where it is.
    return problem if problem.key is None else msgspec.structs.replace(problem, location=None)


def _paint(line: str, palette: Palette) -> str:
    match line[:1]:
        case "+":
            return palette.good(line)
        case "-":
            return palette.error(line)
        case "~":
            return palette.warning(line)
        case _:
            return line
