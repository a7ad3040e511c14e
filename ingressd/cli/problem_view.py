"""Problems as text, in the form that editors and CI systems turn into links."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.cli.palette import PLAIN, Palette
from ingressd.resources.problem import Problem, Severity
from ingressd.telemetry.request_line import printable


def format_problem(problem: Problem, *, palette: Palette = PLAIN) -> tuple[str, ...]:
    """Return one line, and one for the advice if there is any.

    ``k8s/shop.yaml:12: error: Ingress shop/web spec.rules[0].host: an IP address is no host.``
    """
    place = f"{printable(str(problem.location))}: " if problem.location is not None else ""
    paint = palette.error if problem.severity is Severity.ERROR else palette.warning
    owner = " ".join(part for part in (str(problem.key or ""), problem.path) if part)
    owner = f"{printable(owner)}: " if owner else ""
    lines = [f"{place}{paint(f'{problem.severity}:')} {owner}{printable(problem.message)}"]
    if problem.advice:
        lines.append(palette.faint(f"    {printable(problem.advice)}"))
    return tuple(lines)


def format_problems(problems: Iterable[Problem], *, palette: Palette = PLAIN) -> tuple[str, ...]:
    """Return the lines of every problem, in the order given."""
    return tuple(line for problem in problems for line in format_problem(problem, palette=palette))


def summarise(problems: Iterable[Problem]) -> str:
    """Return ``no problems``, ``1 error``, or ``2 errors, 1 warning``."""
    severities = [problem.severity for problem in problems]
    counts = (
        counted(severities.count(Severity.ERROR), "error"),
        counted(severities.count(Severity.WARNING), "warning"),
    )
    return ", ".join(count for count in counts if not count.startswith("0 ")) or "no problems"


def counted(number: int, noun: str) -> str:
    """Return ``1 error``, ``2 errors``; ``Ingress`` and such get ``es``."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"
