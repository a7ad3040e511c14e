"""Ingresses that are none of ours, as text: no problem, and yet the first thing to know about a missing route."""

from __future__ import annotations

from collections.abc import Sequence

from ingressd.cli.problem_view import counted
from ingressd.controller.controller import NotServed
from ingressd.telemetry.request_line import printable

MAX_NAMED = 10


def format_not_served(found: Sequence[NotServed]) -> tuple[str, ...]:
    """Return a line for each of the first ``MAX_NAMED``, and one that counts the others.

    ``not served: Ingress shop/old: It names class 'nginx', which is not among those that are served.``
    """
    lines = [f"not served: {printable(f'{ingress}: {why}')}" for ingress, why in found[:MAX_NAMED]]
    if len(found) > MAX_NAMED:
        more = counted(len(found) - MAX_NAMED, "more Ingress")
        lines.append(f"not served: … and {more}: `ingressd routes --json` names all of them")
    return tuple(lines)


def count_not_served(found: Sequence[NotServed]) -> tuple[str, ...]:
    """Return one line with their number; none when there are none."""
    if not found:
        return ()
    verb = "belongs" if len(found) == 1 else "belong"
    return (f"not served: {counted(len(found), 'Ingress')} that {verb} to another controller, or to none",)
