"""What ``dev`` and ``demo`` print when they have started."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ingressd import __version__
from ingressd.cli.addresses import Addresses
from ingressd.cli.palette import PLAIN, Palette
from ingressd.cli.problem_view import counted, format_problems, summarise
from ingressd.cli.routes_view import format_resolve_lines, format_routes
from ingressd.compilation import describe
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem
from ingressd.telemetry.request_line import printable

MAX_ROUTES_SHOWN = 200
MAX_PROBLEMS_SHOWN = 100
MAX_RESOLVE_LINES = 20


class StartFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known before anything is served.

    ``authority_file`` is the certificate of the local CA, empty when it is on no disk; ``trust_command`` is the command
    line that tells how to trust it; ``notes`` are sentences about what is not as usual (a port that was taken).
    """

    addresses: Addresses
    paths: tuple[str, ...]
    files: int
    objects: int
    authority_file: str = ""
    trust_command: str = ""
    notes: tuple[str, ...] = ()


def format_start(
    facts: StartFacts,
    rows: Sequence[RouteRow],
    problems: Sequence[Problem],
    *,
    width: int | None = None,
    palette: Palette = PLAIN,
) -> tuple[str, ...]:
    """Return everything: where it listens, the table, how to reach hosts that do not resolve, and the problems."""
    addresses = facts.addresses
    resolve_lines = format_resolve_lines(rows, addresses, authority_file=facts.authority_file, most=MAX_RESOLVE_LINES)
    return (
        palette.heading(f"ingressd {__version__} ({describe()}) serves {_contents(facts)}"),
        f"  HTTP   {addresses.http_url}",
        f"  HTTPS  {addresses.https_url}{_authority(facts)}",
        *([f"         trust it: {facts.trust_command}"] if facts.authority_file and facts.trust_command else ()),
        f"  admin  {addresses.admin_url}",
        *(palette.warning(note) for note in (*addresses.exposure, *facts.notes)),
        "",
        *format_routes(rows, addresses=addresses, width=width, palette=palette, most=MAX_ROUTES_SHOWN),
        *_section("These hosts do not lead to this machine by themselves:", resolve_lines),
        *_problems(problems, palette),
        "",
    )


def _contents(facts: StartFacts) -> str:
    counts = f"{counted(facts.files, 'file')}, {counted(facts.objects, 'object')}"
    return f"{printable(', '.join(facts.paths))} ({counts})"


def _authority(facts: StartFacts) -> str:
    return f"  (local CA: {facts.authority_file})" if facts.authority_file else ""


def _problems(problems: Sequence[Problem], palette: Palette) -> tuple[str, ...]:
    if not problems:
        return ()
    lines = list(format_problems(problems[:MAX_PROBLEMS_SHOWN], palette=palette))
    if len(problems) > MAX_PROBLEMS_SHOWN:
        lines.append(f"… and {len(problems) - MAX_PROBLEMS_SHOWN} more: `ingressd check` shows all of them")
    return ("", *lines, summarise(problems))


def _section(heading: str, lines: Sequence[str]) -> tuple[str, ...]:
    return ("", heading, *(f"  {line}" for line in lines)) if lines else ()
